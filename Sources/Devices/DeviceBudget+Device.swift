/// Memory of a card that no reservation gets.
package enum DeviceMargin {
    /// In thousandths of the card.
    ///
    /// What an instance allocates beyond its promise, before it is noticed and stopped, must meet
    /// this and not a neighbour.
    package static let perMille = 20
    /// On small cards, where thousandths are less than one context of CUDA takes.
    package static let leastMiB = 512

    /// What a card of that size keeps back, in MiB.
    package static func memoryMiB(ofCard totalMiB: Int) -> Int {
        max(leastMiB, totalMiB * perMille / 1000)
    }
}

extension DeviceBudget {
    /// A card or slice with what is promised of it.
    package struct Device: Sendable, Hashable {
        package let placement: Placement
        /// What can be promised when nothing is.
        package let capacityMiB: Int
        package fileprivate(set) var reservedMiB = 0
        package fileprivate(set) var keyCount = 0

        /// What can be promised now: of a slice all or nothing.
        package var freeMiB: Int {
            if placement.parent != nil, keyCount > 0 { return 0 }
            return max(0, capacityMiB - reservedMiB)
        }

        /// What a reservation of that size makes unavailable to others: of a slice all.
        package func taken(by memoryMiB: Int) -> Int {
            placement.parent == nil ? memoryMiB : capacityMiB
        }

        /// Best fit: large gaps stay for large models.
        ///
        /// The UUID settles a tie, so that equal histories give equal placements.
        func isTighter(than other: Device) -> Bool {
            (freeMiB, placement.uuid) < (other.freeMiB, other.placement.uuid)
        }
    }

    /// A device, and how its capacity came about.
    struct Ledger: Sendable {
        private(set) var device: Device
        /// Memory of the card that was in use while nothing was promised.
        let othersMiB: Int

        mutating func add(_ reservation: Reservation) {
            device.reservedMiB += reservation.memoryMiB
            device.keyCount += 1
        }

        mutating func remove(_ reservation: Reservation) {
            device.reservedMiB -= reservation.memoryMiB
            device.keyCount -= 1
        }

        /// The card, or its slices where MIG is on.
        ///
        /// `othersMiB` is what others use; if it is nil, all that is in use is theirs.
        static func all(of gpu: GPU, othersMiB: Int?) -> [Ledger] {
            guard gpu.mig != .enabled else { return gpu.slices.map(Ledger.init) }
            let totalMiB = gpu.memory.totalBytes >> 20
            let othersMiB = othersMiB ?? mebibytesRoundedUp(gpu.memory.usedBytes)
            let capacityMiB =
                totalMiB - mebibytesRoundedUp(gpu.memory.reservedBytes) - othersMiB
                - DeviceMargin.memoryMiB(ofCard: totalMiB)
            let device = Device(
                placement: Placement(uuid: gpu.uuid),
                capacityMiB: max(0, capacityMiB)
            )
            return [Ledger(device: device, othersMiB: othersMiB)]
        }

        private init(device: Device, othersMiB: Int) {
            self.device = device
            self.othersMiB = othersMiB
        }

        /// A slice needs no margin: no neighbour can be met in it.
        private init(_ slice: GPU.Slice) {
            let placement = Placement(uuid: slice.uuid, parent: slice.parent)
            self.init(
                device: Device(placement: placement, capacityMiB: slice.memoryMiB),
                othersMiB: 0
            )
        }
    }
}

private func mebibytesRoundedUp(_ bytes: Int) -> Int {
    (bytes + (1 << 20) - 1) >> 20
}
