import CNVML

/// A process that holds memory of a card.
package struct GPUProcess: Sendable, Hashable {
    /// In the gateway's PID namespace.
    package let pid: Int32
    /// Its context included; nil where the driver cannot say.
    package let usedBytes: Int?

    package init(pid: Int32, usedBytes: Int?) {
        self.pid = pid
        self.usedBytes = usedBytes
    }
}

extension NVMLSession {
    /// More processes than a card serves; a longer list is an error.
    private static let processCountMax = 16_384
    /// Places beyond the announced count, as the list grows between two calls.
    private static let processCountSpare = 8

    /// The processes that compute on a card or slice, in the driver's order.
    func processes(on device: nv_device) throws(DevicesError) -> [GPUProcess] {
        let call = "nvmlDeviceGetComputeRunningProcesses_v3"
        guard let list = symbols.processes else {
            throw DevicesError(
                .symbolMissing,
                "the NVIDIA driver is too old: install 525 or newer",
                cause: call
            )
        }
        var room = Self.processCountSpare
        while room <= Self.processCountMax {
            var count = UInt32(room)
            var entries = [nv_process](repeating: nv_process(), count: room)
            let status = entries.withUnsafeMutableBufferPointer {
                list(device, &count, $0.baseAddress)
            }
            if status == Int32(NV_INSUFFICIENT_SIZE) {
                room = max(room * 2, Int(count) + Self.processCountSpare)
                continue
            }
            try check(status, call)
            return entries.prefix(Int(count)).map { GPUProcess($0) }
        }
        throw DevicesError(.driver, "the list of the GPU's processes has no end", cause: call)
    }
}

extension GPUProcess {
    fileprivate init(_ entry: nv_process) {
        pid = Int32(truncatingIfNeeded: entry.pid)
        usedBytes = entry.used == .max ? nil : Int(clamping: entry.used)
    }
}
