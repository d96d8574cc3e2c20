import CNVML

extension NVMLSession {
    /// The longest text that NVML fills in, in bytes: a UUID's or name's, its null included.
    private static let textBytesMax = 96
    /// More cards than any host holds; a count beyond it is not believed.
    private static let gpuCountMax = 64
    /// NVIDIA cuts a card into at most 7; the driver's word is followed up to this.
    private static let sliceCountMax = 64

    /// Every card and slice, and each card that failed to answer.
    ///
    /// Throws only what concerns the driver as a whole.
    func inventory() throws(DevicesError) -> Inventory {
        let driver = try driver()
        var count: UInt32 = 0
        try check(symbols.count(&count), "nvmlDeviceGetCount_v2")

        var gpus: [GPU] = []
        var faults: [Inventory.Fault] = []
        for index in 0..<min(Int(count), Self.gpuCountMax) {
            var uuid: String?
            do throws(DevicesError) {
                gpus.append(try gpu(at: index, uuid: &uuid))
            } catch  where error.code == .versionMismatch || error.code == .driverNotLoaded {
                throw error
            } catch {
                faults.append(Inventory.Fault(index: index, uuid: uuid, error: error))
            }
        }
        return Inventory(gpus: gpus, driver: driver, faults: faults)
    }

    private func driver() throws(DevicesError) -> Inventory.Driver {
        let version = try text("nvmlSystemGetDriverVersion") { symbols.driverVersion($0, $1) }
        var cuda: Int32 = 0
        try check(symbols.cudaVersion(&cuda), "nvmlSystemGetCudaDriverVersion_v2")
        // NVML gives 13.0 as 13000 and 12.8 as 12080.
        return Inventory.Driver(version: version, cuda: "\(cuda / 1000).\(cuda % 1000 / 10)")
    }

    /// Sets `name` as soon as the card has told its UUID, so that a fault can name it.
    private func gpu(at index: Int, uuid name: inout String?) throws(DevicesError) -> GPU {
        var handle: nv_device?
        try check(
            symbols.deviceByIndex(UInt32(index), &handle),
            "nvmlDeviceGetHandleByIndex_v2"
        )
        let device = try present(handle, "nvmlDeviceGetHandleByIndex_v2")
        let uuid = try uuid(of: device)
        name = uuid

        var major: Int32 = 0
        var minor: Int32 = 0
        try check(
            symbols.computeCapability(device, &major, &minor),
            "nvmlDeviceGetCudaComputeCapability"
        )
        var pci = nv_pci()
        try check(symbols.pci(device, &pci), "nvmlDeviceGetPciInfo_v3")
        let mig = try migMode(of: device)
        return GPU(
            uuid: uuid,
            name: try text("nvmlDeviceGetName") { symbols.name(device, $0, $1) },
            index: index,
            minor: try number("nvmlDeviceGetMinorNumber") { symbols.minor(device, $0) },
            pciBusID: withUnsafeBytes(of: pci.bus_id) { String(nullTerminated: $0) },
            computeCapability: GPU.ComputeCapability(major: Int(major), minor: Int(minor)),
            memory: try memory(of: device),
            mig: mig,
            slices: mig == .enabled ? try slices(of: device, uuid: uuid) : []
        )
    }

    private func uuid(of device: nv_device) throws(DevicesError) -> String {
        try text("nvmlDeviceGetUUID") { symbols.uuid(device, $0, $1) }
    }

    private func migMode(of device: nv_device) throws(DevicesError) -> GPU.MIG {
        guard let mig = symbols.mig else { return .unsupported }
        var current: UInt32 = 0
        var pending: UInt32 = 0
        let status = mig.mode(device, &current, &pending)
        if status == Int32(NV_NOT_SUPPORTED) { return .unsupported }
        try check(status, "nvmlDeviceGetMigMode")
        return current == 0 ? .disabled : .enabled
    }

    /// An empty place in the list is normal: slices are destroyed in any order.
    private func slices(of device: nv_device, uuid: String) throws(DevicesError) -> [GPU.Slice] {
        guard let mig = symbols.mig else { return [] }
        let count = try number("nvmlDeviceGetMaxMigDeviceCount") { mig.countMax(device, $0) }
        var slices: [GPU.Slice] = []
        for index in 0..<min(count, Self.sliceCountMax) {
            var handle: nv_device?
            let status = mig.sliceByIndex(device, UInt32(index), &handle)
            if status == Int32(NV_NOT_FOUND) { continue }
            try check(status, "nvmlDeviceGetMigDeviceHandleByIndex")
            let slice = try present(handle, "nvmlDeviceGetMigDeviceHandleByIndex")
            slices.append(try self.slice(slice, at: index, of: uuid, mig))
        }
        return slices
    }

    private func slice(
        _ slice: nv_device,
        at index: Int,
        of parent: String,
        _ mig: NVMLSymbols.MIG
    ) throws(DevicesError) -> GPU.Slice {
        var attributes = nv_attributes()
        try check(mig.attributes(slice, &attributes), "nvmlDeviceGetAttributes_v2")
        return GPU.Slice(
            uuid: try uuid(of: slice),
            parent: parent,
            index: index,
            gpuInstance: try number("nvmlDeviceGetGpuInstanceId") { mig.gpuInstance(slice, $0) },
            computeInstance: try number("nvmlDeviceGetComputeInstanceId") {
                mig.computeInstance(slice, $0)
            },
            memoryMiB: Int(clamping: attributes.memory_mib)
        )
    }

    private func text(
        _ call: String,
        _ fill: (UnsafeMutablePointer<CChar>, UInt32) -> Int32
    ) throws(DevicesError) -> String {
        var status: Int32 = 0
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Self.textBytesMax) {
            buffer in
            buffer.initialize(repeating: 0)
            if let start = buffer.baseAddress { status = fill(start, UInt32(buffer.count)) }
            return String(nullTerminated: UnsafeRawBufferPointer(buffer))
        }
        try check(status, call)
        return text
    }

    private func number(
        _ call: String,
        _ fill: (UnsafeMutablePointer<UInt32>) -> Int32
    ) throws(DevicesError) -> Int {
        var number: UInt32 = 0
        try check(fill(&number), call)
        return Int(number)
    }
}

extension String {
    /// The text before the first null, or all of it: a C library is not trusted to end its texts.
    fileprivate init(nullTerminated bytes: UnsafeRawBufferPointer) {
        self.init(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
