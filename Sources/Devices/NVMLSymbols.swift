import CNVML
import Glibc

/// NVML's functions, found by name in an open library.
struct NVMLSymbols {
    typealias Plain = @convention(c) () -> Int32
    typealias ErrorString = @convention(c) (Int32) -> UnsafePointer<CChar>?
    typealias Signed = @convention(c) (UnsafeMutablePointer<Int32>) -> Int32
    typealias Version = @convention(c) (UnsafeMutablePointer<CChar>, UInt32) -> Int32
    typealias Number = @convention(c) (UnsafeMutablePointer<UInt32>) -> Int32
    typealias Text = @convention(c) (nv_device, UnsafeMutablePointer<CChar>, UInt32) -> Int32
    typealias DeviceNumber = @convention(c) (nv_device, UnsafeMutablePointer<UInt32>) -> Int32
    typealias ByIndex = @convention(c) (UInt32, UnsafeMutablePointer<nv_device?>) -> Int32
    typealias SliceByIndex =
        @convention(c) (nv_device, UInt32, UnsafeMutablePointer<nv_device?>) -> Int32
    typealias ByUUID =
        @convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<nv_device?>) -> Int32
    typealias SignedPair =
        @convention(c) (nv_device, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>)
        -> Int32
    typealias NumberPair =
        @convention(c) (nv_device, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>)
        -> Int32
    /// Fills in one structure; which, its name says.
    typealias Fill = @convention(c) (nv_device, UnsafeMutableRawPointer) -> Int32
    typealias Processes =
        @convention(c) (nv_device, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<nv_process>?)
        -> Int32

    let start: Plain
    let shutdown: Plain
    let errorString: ErrorString
    let driverVersion: Version
    let cudaVersion: Signed
    let count: Number
    let deviceByIndex: ByIndex
    let deviceByUUID: ByUUID
    let uuid: Text
    let name: Text
    let minor: DeviceNumber
    let pci: Fill
    let memory: Fill
    let computeCapability: SignedPair
    /// Nil in drivers before 510.
    let memory2: Fill?
    /// Nil in drivers before 510; the older functions have another layout and are never called.
    let processes: Processes?
    /// Nil in drivers that know no MIG.
    let mig: MIG?

    struct MIG {
        let mode: NumberPair
        let countMax: DeviceNumber
        let sliceByIndex: SliceByIndex
        let gpuInstance: DeviceNumber
        let computeInstance: DeviceNumber
        let attributes: Fill
    }

    init(_ library: UnsafeMutableRawPointer) throws(DevicesError) {
        start = try need(library, "nvmlInit_v2", as: Plain.self)
        shutdown = try need(library, "nvmlShutdown", as: Plain.self)
        errorString = try need(library, "nvmlErrorString", as: ErrorString.self)
        driverVersion = try need(library, "nvmlSystemGetDriverVersion", as: Version.self)
        cudaVersion = try need(library, "nvmlSystemGetCudaDriverVersion_v2", as: Signed.self)
        count = try need(library, "nvmlDeviceGetCount_v2", as: Number.self)
        deviceByIndex = try need(library, "nvmlDeviceGetHandleByIndex_v2", as: ByIndex.self)
        deviceByUUID = try need(library, "nvmlDeviceGetHandleByUUID", as: ByUUID.self)
        uuid = try need(library, "nvmlDeviceGetUUID", as: Text.self)
        name = try need(library, "nvmlDeviceGetName", as: Text.self)
        minor = try need(library, "nvmlDeviceGetMinorNumber", as: DeviceNumber.self)
        pci = try need(library, "nvmlDeviceGetPciInfo_v3", as: Fill.self)
        memory = try need(library, "nvmlDeviceGetMemoryInfo", as: Fill.self)
        computeCapability = try need(
            library,
            "nvmlDeviceGetCudaComputeCapability",
            as: SignedPair.self
        )
        memory2 = find(library, "nvmlDeviceGetMemoryInfo_v2", as: Fill.self)
        processes = find(
            library,
            "nvmlDeviceGetComputeRunningProcesses_v3",
            as: Processes.self
        )
        mig = MIG(library)
    }
}

extension NVMLSymbols.MIG {
    fileprivate init?(_ library: UnsafeMutableRawPointer) {
        typealias Symbols = NVMLSymbols
        guard
            let mode = find(library, "nvmlDeviceGetMigMode", as: Symbols.NumberPair.self),
            let countMax = find(
                library,
                "nvmlDeviceGetMaxMigDeviceCount",
                as: Symbols.DeviceNumber.self
            ),
            let sliceByIndex = find(
                library,
                "nvmlDeviceGetMigDeviceHandleByIndex",
                as: Symbols.SliceByIndex.self
            ),
            let gpuInstance = find(
                library,
                "nvmlDeviceGetGpuInstanceId",
                as: Symbols.DeviceNumber.self
            ),
            let computeInstance = find(
                library,
                "nvmlDeviceGetComputeInstanceId",
                as: Symbols.DeviceNumber.self
            ),
            let attributes = find(
                library,
                "nvmlDeviceGetAttributes_v2",
                as: Symbols.Fill.self
            )
        else { return nil }
        self.mode = mode
        self.countMax = countMax
        self.sliceByIndex = sliceByIndex
        self.gpuInstance = gpuInstance
        self.computeInstance = computeInstance
        self.attributes = attributes
    }
}

/// The function `name`, whose C type the caller vouches for.
private func find<Function>(
    _ library: UnsafeMutableRawPointer,
    _ name: String,
    as type: Function.Type
) -> Function? {
    dlsym(library, name).map { unsafeBitCast($0, to: type) }
}

private func need<Function>(
    _ library: UnsafeMutableRawPointer,
    _ name: String,
    as type: Function.Type
) throws(DevicesError) -> Function {
    guard let function = find(library, name, as: type) else {
        throw DevicesError(
            .symbolMissing,
            "the NVIDIA driver is too old: install 525 or newer",
            cause: "no \(name) in its management library"
        )
    }
    return function
}
