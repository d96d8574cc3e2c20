package import Instances

/// What a pool asks of the node it is on: memory, devices, sandboxes.
package protocol PoolHost: Sendable {
    /// Makes room for the revision's zygote, then opens its sandbox.
    func openSandbox() async throws(InstanceError) -> any Sandbox

    /// Opens a sandbox whose process serves by itself, in the memory and with the device that are
    /// reserved for that instance.
    func openSandboxForInstance(
        _ reservation: InstanceReservation
    ) async throws(InstanceError) -> any Sandbox

    /// The sandbox that `openSandbox` gave has ended, so its memory is free.
    func sandboxEnded()

    /// Makes room for an instance and finds its device.
    ///
    /// For a pool that forks, that is the device that the zygote's sandbox sees.
    func reserveInstance(_ id: InstanceID) async throws(InstanceError) -> InstanceReservation
}

/// Memory and a device that are kept for one instance until it ends.
package struct InstanceReservation: Sendable {
    package let device: Device
    /// The UUID of the card or slice whose memory is reserved; nil without a GPU.
    package let gpu: String?
    /// Gives back what was reserved; called once.
    package let release: @Sendable () -> Void

    package init(
        device: Device,
        gpu: String? = nil,
        release: @escaping @Sendable () -> Void
    ) {
        self.device = device
        self.gpu = gpu
        self.release = release
    }
}
