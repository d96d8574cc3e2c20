import Hosts

/// The card or slice of a placement, with the nodes that are its own.
struct DeviceTarget {
    let gpu: GPU
    let slice: GPU.Slice?

    /// - Throws: `notFound` where the host has it no longer.
    init(_ placement: Placement, in inventory: Inventory) throws(DevicesError) {
        guard let gpu = inventory.gpu(placement.uuid) else {
            throw DevicesError(.notFound, "this host has no GPU or slice \(placement.uuid)")
        }
        self.gpu = gpu
        slice = inventory.slice(placement.uuid)
    }

    var uuid: String { slice?.uuid ?? gpu.uuid }

    /// The node of the card, which a slice needs too.
    var cardNode: String { "/dev/nvidia\(gpu.minor)" }

    /// What the driver's tools may call it in a CDI file, by the naming that they were told to use.
    ///
    /// An index may be out of date, so whoever finds a device by it must check its nodes.
    var names: [String] {
        guard let slice else { return [gpu.uuid, "\(gpu.index)", "gpu\(gpu.index)"] }
        let place = "\(gpu.index):\(slice.index)"
        return [slice.uuid, place, "mig\(place)"]
    }

    /// The nodes that open the slice; empty for a card, nil where the driver does not say.
    func capabilityNodes(in tree: HostTree) -> [String]? {
        guard let slice else { return [] }
        return MIGCapabilities(in: tree).nodes(of: slice, card: gpu.minor)
    }
}
