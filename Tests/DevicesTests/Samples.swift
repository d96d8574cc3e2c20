import Devices
import TestSupport

extension GPU {
    /// A whole card; memory in MiB.
    static func card(
        _ uuid: String,
        _ totalMiB: Int,
        reserved: Int = 0,
        used: Int = 0,
        index: Int = 0,
        minor: Int = 0
    ) -> GPU {
        sample(
            uuid,
            index: index,
            minor: minor,
            memory: Memory(
                totalBytes: totalMiB << 20,
                reservedBytes: reserved << 20,
                usedBytes: used << 20,
                freeBytes: (totalMiB - reserved - used) << 20
            )
        )
    }

    /// A card with MIG on; its slices' memory in MiB by UUID.
    static func sliced(
        _ uuid: String,
        _ slices: [String: Int],
        index: Int = 0,
        minor: Int = 0
    ) -> GPU {
        sample(
            uuid,
            index: index,
            minor: minor,
            memory: Memory(totalBytes: 80_000 << 20, usedBytes: 0, freeBytes: 80_000 << 20),
            mig: .enabled,
            slices: slices.sorted { $0.key < $1.key }.enumerated().map { place, slice in
                Slice(
                    uuid: slice.key,
                    parent: uuid,
                    index: place,
                    gpuInstance: place + 1,
                    computeInstance: 0,
                    memoryMiB: slice.value
                )
            }
        )
    }

    private static func sample(
        _ uuid: String,
        index: Int,
        minor: Int,
        memory: Memory,
        mig: MIG = .unsupported,
        slices: [Slice] = []
    ) -> GPU {
        GPU(
            uuid: uuid,
            name: "card",
            index: index,
            minor: minor,
            pciBusID: "00000000:3B:00.0",
            computeCapability: ComputeCapability(major: 9, minor: 0),
            memory: memory,
            mig: mig,
            slices: slices
        )
    }
}

extension Inventory {
    init(_ gpus: [GPU]) {
        self.init(gpus: gpus, driver: Driver(version: "580.159.04", cuda: "13.0"))
    }

    /// Up to four cards, of which any may be absent, sliced, or partly used by others.
    static func random(using random: inout SeededGenerator) -> Inventory {
        var gpus: [GPU] = []
        for number in 0..<4 where Int.random(in: 0..<10, using: &random) < 8 {
            if number == 3 {
                let slices = (0..<Int.random(in: 0...7, using: &random)).map {
                    ("MIG-\($0)", Int.random(in: 1...10, using: &random) * 4000)
                }
                gpus.append(
                    .sliced("GPU-3", Dictionary(slices) { first, _ in first }, index: number)
                )
            } else {
                let totalMiB = Int.random(in: 0...80, using: &random) * 1000
                let used = Int.random(in: 0...totalMiB, using: &random) / 3
                gpus.append(.card("GPU-\(number)", totalMiB, used: used, index: number))
            }
        }
        return Inventory(gpus)
    }
}
