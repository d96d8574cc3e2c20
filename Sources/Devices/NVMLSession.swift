import CNVML
import Glibc

/// An initialised NVML, from `nvmlInit_v2` to `nvmlShutdown`.
///
/// Its calls block, for seconds where the driver is busy.
final class NVMLSession {
    let symbols: NVMLSymbols
    private let library: UnsafeMutableRawPointer

    init(library path: String) throws(DevicesError) {
        guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw DevicesError(
                .libraryMissing,
                "no NVIDIA driver on this host: functions run on the CPU",
                cause: dlerror().map { String(cString: $0) }
            )
        }
        do throws(DevicesError) {
            let symbols = try NVMLSymbols(library)
            let status = symbols.start()
            guard status == Int32(NV_SUCCESS) else {
                throw DevicesError(nvml: status, "nvmlInit_v2", text: symbols.text(of: status))
            }
            self.symbols = symbols
            self.library = library
        } catch {
            dlclose(library)
            throw error
        }
    }

    deinit {
        _ = symbols.shutdown()
        dlclose(library)
    }

    /// The handle of a card or slice, valid while this session lasts.
    func device(uuid: String) throws(DevicesError) -> nv_device {
        var device: nv_device?
        try check(symbols.deviceByUUID(uuid, &device), "nvmlDeviceGetHandleByUUID")
        return try present(device, "nvmlDeviceGetHandleByUUID")
    }

    /// Memory of a card or slice; by the newer function where the driver has it.
    func memory(of device: nv_device) throws(DevicesError) -> GPU.Memory {
        if let memory2 = symbols.memory2 {
            var answer = nv_memory2()
            answer.version = NV_MEMORY2_VERSION
            let status = memory2(device, &answer)
            if status == Int32(NV_SUCCESS) {
                return GPU.Memory(
                    totalBytes: Int(clamping: answer.total),
                    reservedBytes: Int(clamping: answer.reserved),
                    usedBytes: Int(clamping: answer.used),
                    freeBytes: Int(clamping: answer.free)
                )
            }
            // Some drivers have the function and not the layout's number; the older one will do.
        }
        var answer = nv_memory()
        try check(symbols.memory(device, &answer), "nvmlDeviceGetMemoryInfo")
        return GPU.Memory(
            totalBytes: Int(clamping: answer.total),
            usedBytes: Int(clamping: answer.used),
            freeBytes: Int(clamping: answer.free)
        )
    }

    func check(_ status: Int32, _ call: String) throws(DevicesError) {
        guard status != Int32(NV_SUCCESS) else { return }
        throw DevicesError(nvml: status, call, text: symbols.text(of: status))
    }

    func present(_ device: nv_device?, _ call: String) throws(DevicesError) -> nv_device {
        guard let device else { throw DevicesError(.driver, "the driver gave no GPU", cause: call) }
        return device
    }
}

extension NVMLSymbols {
    /// NVML's own words for a code.
    func text(of status: Int32) -> String {
        errorString(status).map { String(cString: $0) } ?? "unknown"
    }
}
