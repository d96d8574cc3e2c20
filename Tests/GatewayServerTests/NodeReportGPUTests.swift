import Devices
import GatewayAPI
import GatewayServer
import Testing

struct NodeReportGPUTests {
    private static func card(_ number: Int, slices: [GPU.Slice]? = nil) -> GPU {
        GPU(
            uuid: "GPU-\(number)",
            name: "NVIDIA H100",
            index: number,
            minor: number,
            pciBusID: "00000000:3B:00.0",
            computeCapability: GPU.ComputeCapability(major: 9, minor: 0),
            memory: GPU.Memory(totalBytes: 80 << 30, usedBytes: 0, freeBytes: 80 << 30),
            mig: slices == nil ? .disabled : .enabled,
            slices: slices ?? []
        )
    }

    private func checks(_ inventory: Inventory) -> [NodeCheck] {
        inventory.checks.filter { $0.name.hasPrefix("GPU") }
    }

    @Test func `a host without a driver runs functions on the CPU`() {
        let checks = checks(Inventory(absence: DevicesError(.libraryMissing, "no driver")))
        #expect(checks.map(\.state) == [.ok])
        #expect(checks[0].message == "none; functions run on the CPU")
    }

    @Test func `a driver that does not answer is a warning with advice`() {
        let checks = checks(
            Inventory(absence: DevicesError(.versionMismatch, "reboot", cause: "18"))
        )
        #expect(checks.map(\.state) == [.warning])
        #expect(checks[0].advice == "reboot")
    }

    @Test func `cards and faults are named`() {
        let fault = Inventory.Fault(
            index: 1,
            uuid: "GPU-bad",
            error: DevicesError(.gpuLost, "look for XID", cause: "15")
        )
        let checks = checks(
            Inventory(
                gpus: [Self.card(0)],
                driver: Inventory.Driver(version: "580.159.04", cuda: "13.0"),
                faults: [fault]
            )
        )
        #expect(checks.map(\.state) == [.ok, .warning])
        #expect(
            checks[0].message == "NVIDIA H100 (81920 MiB); driver 580.159.04, CUDA 13.0"
        )
        #expect(checks[1].advice == "look for XID")
    }

    @Test func `slices stand in place of their card`() {
        let slice = GPU.Slice(
            uuid: "MIG-1",
            parent: "GPU-1",
            index: 2,
            gpuInstance: 1,
            computeInstance: 0,
            memoryMiB: 9_728
        )
        let inventory = Inventory(
            gpus: [Self.card(0), Self.card(1, slices: [slice]), Self.card(2, slices: [])],
            driver: nil
        )

        let reports = inventory.reports { $0 == "MIG-1" ? 4_096 : 0 }

        #expect(reports.map(\.uuid) == ["GPU-0", "MIG-1"])
        #expect(reports.map(\.reservedMiB) == [0, 4_096])
        #expect(reports[1].name == "NVIDIA H100, slice 2")
        #expect(checks(inventory).map(\.state) == [.ok, .warning])
    }
}
