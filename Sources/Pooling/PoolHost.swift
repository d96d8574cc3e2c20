package import Instances

/// What a pool asks of the node it is on: memory, devices, sandboxes.
package protocol PoolHost: Sendable {
    /// Makes room for the revision's zygote, then opens its sandbox.
    func openSandbox() async throws(InstanceError) -> any Sandbox

    /// Opens a sandbox whose process serves by itself, in the memory reserved for one instance.
    func openSandboxForInstance() async throws(InstanceError) -> any Sandbox

    /// The sandbox that `openSandbox` gave has ended, so its memory is free.
    func sandboxEnded()

    /// Makes room for an instance and finds its device.
    func reserveInstance() async throws(InstanceError) -> InstanceReservation
}

/// Memory and a device that are kept for one instance until it ends.
package struct InstanceReservation: Sendable {
    package let device: Device
    /// Gives back what was reserved; called once.
    package let release: @Sendable () -> Void

    package init(device: Device, release: @escaping @Sendable () -> Void) {
        self.device = device
        self.release = release
    }
}
