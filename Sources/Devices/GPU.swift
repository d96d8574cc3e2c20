/// One graphics card, as the driver describes it.
package struct GPU: Sendable, Hashable, Identifiable {
    /// `GPU-…`: the only name that stays the same over reboots and in containers.
    package let uuid: String
    package let name: String
    /// The place in PCI order; CUDA's own order differs, so it names nothing.
    package let index: Int
    /// N of `/dev/nvidiaN`, which is not the index.
    package let minor: Int
    /// As `00000000:3B:00.0`.
    package let pciBusID: String
    package let computeCapability: ComputeCapability
    package let memory: Memory
    package let mig: MIG
    /// Empty unless MIG is on and slices were made.
    package let slices: [Slice]

    package var id: String { uuid }

    package init(
        uuid: String,
        name: String,
        index: Int,
        minor: Int,
        pciBusID: String,
        computeCapability: ComputeCapability,
        memory: Memory,
        mig: MIG = .unsupported,
        slices: [Slice] = []
    ) {
        self.uuid = uuid
        self.name = name
        self.index = index
        self.minor = minor
        self.pciBusID = pciBusID
        self.computeCapability = computeCapability
        self.memory = memory
        self.mig = mig
        self.slices = slices
    }
}

extension GPU {
    /// Memory of a card or slice, in bytes.
    package struct Memory: Sendable, Hashable {
        package let totalBytes: Int
        /// What the driver keeps for itself; 0 where an old driver counts it as used.
        package let reservedBytes: Int
        /// By programs; a parked instance is not among them.
        package let usedBytes: Int
        package let freeBytes: Int

        package init(totalBytes: Int, reservedBytes: Int = 0, usedBytes: Int, freeBytes: Int) {
            self.totalBytes = totalBytes
            self.reservedBytes = reservedBytes
            self.usedBytes = usedBytes
            self.freeBytes = freeBytes
        }
    }

    /// The generation of the chip, as CUDA numbers it: 9.0 is Hopper.
    package struct ComputeCapability: Sendable, Hashable, CustomStringConvertible {
        package let major: Int
        package let minor: Int

        package var description: String { "\(major).\(minor)" }

        package init(major: Int, minor: Int) {
            self.major = major
            self.minor = minor
        }
    }

    /// Whether the card is cut into slices by hardware.
    package enum MIG: String, Sendable, Hashable {
        case unsupported
        case disabled
        case enabled
    }

    /// A MIG device: a part of a card with memory and processors of its own.
    package struct Slice: Sendable, Hashable, Identifiable {
        /// `MIG-…`, which CUDA takes where it takes a card's.
        package let uuid: String
        /// The UUID of the card.
        package let parent: String
        /// The place among the parent's slices, which may have holes.
        package let index: Int
        package let gpuInstance: Int
        package let computeInstance: Int
        package let memoryMiB: Int

        package var id: String { uuid }

        package init(
            uuid: String,
            parent: String,
            index: Int,
            gpuInstance: Int,
            computeInstance: Int,
            memoryMiB: Int
        ) {
            self.uuid = uuid
            self.parent = parent
            self.index = index
            self.gpuInstance = gpuInstance
            self.computeInstance = computeInstance
            self.memoryMiB = memoryMiB
        }
    }
}
