/// What of each GPU's memory is promised to whom, in MiB.
///
/// The driver lets every process take what it likes; this ledger decides what may be started at
/// all. It never promises more than a device has, gives each key exactly one device, and knows
/// nothing of clocks or drivers. A card is shared by as many keys as fit; a slice has one at a
/// time, whole. A card with MIG on has no memory outside its slices.
package struct DeviceBudget<Key: Hashable & Sendable>: Sendable {
    package private(set) var reservations: [Key: Reservation] = [:]
    private var ledgers: [String: Ledger] = [:]

    /// A budget in which nothing is reserved: what is in use already counts as others'.
    package init(_ inventory: Inventory) {
        restate(inventory)
    }

    /// Every card and slice that can be reserved, by UUID.
    package var devices: [Device] {
        ledgers.values.map(\.device).sorted { $0.placement.uuid < $1.placement.uuid }
    }

    /// The card or slice with that UUID.
    package func device(_ uuid: String) -> Device? { ledgers[uuid]?.device }

    /// The keys placed on a device, in no order.
    package func keys(on uuid: String) -> [Key] {
        reservations.filter { $0.value.placement.uuid == uuid }.map(\.key)
    }

    /// Promises `memoryMiB` (at least 1) of one device: of those with room, the one with the least.
    ///
    /// `uuid` is the only device allowed, as for an instance that resumes where it was parked.
    package mutating func reserve(
        memoryMiB: Int,
        for key: Key,
        on uuid: String? = nil
    ) -> Decision {
        precondition(memoryMiB > 0, "a reservation of GPU memory is at least 1 MiB")
        guard reservations[key] == nil else { return .refused(.alreadyReserved) }
        let candidates = ledgers.values.filter { uuid == nil || $0.device.placement.uuid == uuid }
        let largest = candidates.map(\.device.capacityMiB).max()
        guard let largest else { return .refused(.noDevice) }
        guard memoryMiB <= largest else { return .refused(.tooLarge(largestMiB: largest)) }
        let fitting = candidates.filter { memoryMiB <= $0.device.freeMiB }
        guard let best = fitting.min(by: { $0.device.isTighter(than: $1.device) }) else {
            return .refused(.full(freeMiB: candidates.map(\.device.freeMiB).max() ?? 0))
        }

        let reservation = Reservation(placement: best.device.placement, memoryMiB: memoryMiB)
        reservations[key] = reservation
        ledgers[best.device.placement.uuid]?.add(reservation)
        return .placed(best.device.placement)
    }

    /// Takes the promise back; nil, and no change, where there was none.
    @discardableResult
    package mutating func release(_ key: Key) -> Reservation? {
        guard let reservation = reservations.removeValue(forKey: key) else { return nil }
        ledgers[reservation.placement.uuid]?.remove(reservation)
        return reservation
    }

    /// Takes over what the host has now, and keeps the promises that still can be kept.
    ///
    /// What others use is known only of a card on which nothing is reserved; while something is,
    /// the figure from before stays.
    ///
    /// - Returns: keys whose device is gone or has too little for them now; they are released, and
    ///   their instances must be stopped.
    @discardableResult
    package mutating func restate(_ inventory: Inventory) -> Set<Key> {
        let before = ledgers
        ledgers = [:]
        for gpu in inventory.gpus {
            let known = before[gpu.uuid]
            let othersMiB = known.flatMap { $0.device.keyCount > 0 ? $0.othersMiB : nil }
            for ledger in Ledger.all(of: gpu, othersMiB: othersMiB) {
                ledgers[ledger.device.placement.uuid] = ledger
            }
        }

        var homeless: Set<Key> = []
        // The largest first, so that a device that shrank keeps what is costliest to start again.
        let largestFirst = reservations.sorted { $0.value.memoryMiB > $1.value.memoryMiB }
        for (key, reservation) in largestFirst {
            let uuid = reservation.placement.uuid
            if let ledger = ledgers[uuid], ledger.device.freeMiB >= reservation.memoryMiB {
                ledgers[uuid]?.add(reservation)
            } else {
                reservations[key] = nil
                homeless.insert(key)
            }
        }
        return homeless
    }
}

extension DeviceBudget {
    /// An answer to a wish for memory.
    package enum Decision: Sendable, Hashable {
        case placed(Placement)
        case refused(Refusal)
    }

    /// Why there is no memory for a key.
    package enum Refusal: Sendable, Hashable {
        /// No GPU can be used, or not the one asked for.
        case noDevice
        /// No device is that large, even when empty: waiting does not help.
        case tooLarge(largestMiB: Int)
        /// To be had once others release; the most that one device has now is given.
        case full(freeMiB: Int)
        case alreadyReserved
    }

    /// A promise of memory on one device.
    package struct Reservation: Sendable, Hashable {
        package let placement: Placement
        package let memoryMiB: Int
    }
}
