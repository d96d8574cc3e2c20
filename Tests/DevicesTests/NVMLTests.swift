import Devices
import TestSupport
import Testing

@Suite struct NVMLTests {
    @Test func `both cards are found, each by its UUID and minor`() async throws {
        let standIn = try StandIn()

        let inventory = await standIn.open().inventory()

        #expect(inventory.absence == nil)
        #expect(inventory.driver == Inventory.Driver(version: "580.159.04", cuda: "13.0"))
        #expect(inventory.gpus.map(\.uuid) == [StandInName.large, StandInName.small])
        #expect(inventory.gpus.map(\.index) == [0, 1])
        #expect(inventory.gpus.map(\.minor) == [1, 0])
        #expect(inventory.gpus.map(\.name) == ["Stand-in 80GB", "Stand-in 24GB"])
        #expect(inventory.gpus.map(\.pciBusID) == ["00000000:3B:00.0", "00000000:5E:00.0"])
        #expect(inventory.gpus.map(\.computeCapability.description) == ["9.0", "8.9"])
        #expect(inventory.gpus.map(\.mig) == [.enabled, .unsupported])
    }

    @Test func `slices are found past the holes between them`() async throws {
        let standIn = try StandIn()

        let inventory = await standIn.open().inventory()

        let slices = try #require(inventory.gpu(StandInName.large)).slices
        #expect(slices.map(\.uuid) == [StandInName.largeSlice, StandInName.smallSlice])
        #expect(slices.map(\.index) == [0, 3])
        #expect(slices.map(\.gpuInstance) == [1, 5])
        #expect(slices.map(\.memoryMiB) == [40_448, 9856])
        #expect(slices.allSatisfy { $0.parent == StandInName.large })
        #expect(inventory.gpu(StandInName.smallSlice)?.uuid == StandInName.large)
    }

    @Test func `a card without MIG turned on has no slices`() async throws {
        let standIn = try StandIn("no-mig")

        let inventory = await standIn.open().inventory()

        #expect(inventory.gpus.map(\.mig) == [.disabled, .unsupported])
        #expect(inventory.gpus.map(\.slices) == [[], []])
    }

    @Test func `memory is told apart into reserved, used and free`() async throws {
        let standIn = try StandIn("used=1:1000")

        let memory = try await standIn.open().memory(of: StandInName.small)

        #expect(memory.totalBytes == 24_576 << 20)
        #expect(memory.reservedBytes == 256 << 20)
        #expect(memory.usedBytes == 1000 << 20)
        #expect(memory.freeBytes == (24_576 - 256 - 1000) << 20)
    }

    @Test func `an older driver's memory counts what is reserved as used`() async throws {
        let standIn = try StandIn("used=1:1000 old")

        let memory = try await standIn.open().memory(of: StandInName.small)

        #expect(memory.reservedBytes == 0)
        #expect(memory.usedBytes == (256 + 1000) << 20)
    }

    @Test func `a slice's memory can be asked for by its UUID`() async throws {
        let memory = try await StandIn().open().memory(of: StandInName.smallSlice)

        #expect(memory.totalBytes == 9856 << 20)
    }

    @Test func `a UUID that the driver does not know is refused`() async throws {
        let nvml = try StandIn().open()

        await #expect { try await nvml.memory(of: "GPU-none") } throws: {
            ($0 as? DevicesError)?.code == .notFound
        }
    }

    @Test(arguments: [0, 1, 8, 9, 40])
    func `all processes of a card are listed`(count: Int) async throws {
        let standIn = try StandIn("processes=1:\(count)")

        let processes = try await standIn.open().processes(on: StandInName.small)

        #expect(processes.map(\.pid) == (0..<count).map { Int32(1000 + $0) })
        #expect(processes.map(\.usedBytes) == (0..<count).map { ($0 + 1) << 20 })
    }

    @Test func `a list of processes that grows meanwhile is asked for again`() async throws {
        let standIn = try StandIn("processes=1:1000 growing")

        #expect(try await standIn.open().processes(on: StandInName.small).count == 1000)
    }

    @Test func `a list of processes without end is an error`() async throws {
        let nvml = try StandIn("processes=1:2000000000").open()

        await #expect { try await nvml.processes(on: StandInName.small) } throws: {
            ($0 as? DevicesError)?.code == .driver
        }
    }

    @Test func `use that the driver does not know is no number`() async throws {
        let standIn = try StandIn("processes=1:1 unknown-use")

        let processes = try await standIn.open().processes(on: StandInName.small)

        #expect(processes == [GPUProcess(pid: 1000, usedBytes: nil)])
    }
}

@Suite struct NVMLFaultTests {
    @Test func `a host without the library has no GPU and says why`() async throws {
        let inventory = await NVML.open(library: "/nowhere/libnvidia-ml.so.1").inventory()

        #expect(inventory.gpus.isEmpty)
        #expect(inventory.absence?.code == .libraryMissing)
        #expect(inventory.absence?.cause?.contains("/nowhere/libnvidia-ml.so.1") == true)
    }

    @Test func `a library that is not the driver's is refused`() async throws {
        let inventory = await NVML.open(library: "libm.so.6").inventory()

        #expect(inventory.absence?.code == .symbolMissing)
        #expect(inventory.absence?.cause?.contains("nvmlInit_v2") == true)
    }

    @Test(arguments: [
        ("driver-not-loaded", DevicesError.Code.driverNotLoaded, "modprobe nvidia"),
        ("version-mismatch", .versionMismatch, "reboot"),
    ])
    func `a driver that cannot be reached is named with what to do`(
        steering: String,
        code: DevicesError.Code,
        advice: String
    ) async throws {
        let inventory = await (try StandIn(steering)).open().inventory()

        #expect(inventory.gpus.isEmpty)
        let absence = try #require(inventory.absence)
        #expect(absence.code == code)
        #expect(absence.message.contains(advice))
    }

    @Test func `a lost card is a fault, and the other goes on`() async throws {
        let inventory = await (try StandIn("lost=0")).open().inventory()

        #expect(inventory.absence == nil)
        #expect(inventory.gpus.map(\.uuid) == [StandInName.small])
        #expect(inventory.faults.map(\.index) == [0])
        #expect(inventory.faults.map(\.uuid) == [StandInName.large])
        #expect(inventory.faults.map(\.error.code) == [.gpuLost])
    }

    @Test func `a driver without cards is no absence`() async throws {
        let inventory = await (try StandIn("cards=0")).open().inventory()

        #expect(inventory.absence == nil)
        #expect(inventory.gpus.isEmpty)
        #expect(inventory.driver != nil)
    }

    @Test func `one session serves all questions`() async throws {
        let standIn = try StandIn()
        let nvml = standIn.open()

        for _ in 1...5 {
            _ = await nvml.inventory()
            _ = try await nvml.memory(of: StandInName.small)
        }

        #expect(try standIn.starts() == 1)
    }

    @Test func `a driver that comes up later is found by the next question`() async throws {
        let standIn = try StandIn("driver-not-loaded")
        let nvml = standIn.open()
        #expect(await nvml.inventory().absence?.code == .driverNotLoaded)

        try standIn.steer("")

        #expect(await nvml.inventory().gpus.count == 2)
    }

    @Test func `a driver upgraded under the session is met by a new one`() async throws {
        let standIn = try StandIn()
        let nvml = standIn.open()
        #expect(await nvml.inventory().gpus.count == 2)

        try standIn.steer("version-mismatch")
        #expect(await nvml.inventory().absence?.code == .versionMismatch)
        try standIn.steer("")

        #expect(await nvml.inventory().gpus.count == 2)
    }

    @Test func `more callers than may wait are turned away at once or answered`() async throws {
        let nvml = try StandIn().open()

        let codes = await withTaskGroup(of: DevicesError.Code?.self) { group in
            for _ in 0..<200 { group.addTask { await nvml.inventory().absence?.code } }
            return await group.reduce(into: []) { $0.append($1) }
        }

        #expect(codes.count == 200)
        #expect(codes.contains(nil))
        #expect(codes.allSatisfy { $0 == nil || $0 == .busy })
    }
}
