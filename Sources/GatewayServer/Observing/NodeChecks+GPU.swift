import Devices
import GatewayAPI

extension NodeChecks {
    /// One check of the driver and its cards, and one for each card that cannot be used.
    static func gpus(_ inventory: Inventory) -> [NodeCheck] {
        if let absence = inventory.absence { return [absent(absence)] }
        let cards = inventory.gpus.map { "\($0.name) (\($0.memory.totalBytes >> 20) MiB)" }
        let driver = inventory.driver.map { "driver \($0.version), CUDA \($0.cuda)" }
        let words = [cards.isEmpty ? "no usable card" : cards.joined(separator: ", "), driver]
        let summary = NodeCheck(
            name: "GPU",
            state: .ok,
            message: words.compactMap(\.self).joined(separator: "; ")
        )
        return [summary] + inventory.gpus.compactMap(unsliced)
            + inventory.faults.map { fault in
                NodeCheck(
                    name: "GPU \(fault.index)",
                    state: .warning,
                    message: "\(fault.uuid ?? "a card") cannot be used: \(fault.error.cause ?? "")",
                    advice: fault.error.message
                )
            }
    }

    /// A host without the driver has no GPU to miss; any other reason is one to look into.
    private static func absent(_ absence: DevicesError) -> NodeCheck {
        guard absence.code != .libraryMissing else {
            return NodeCheck(
                name: "GPU",
                state: .ok,
                message: "none; functions run on the CPU"
            )
        }
        return NodeCheck(
            name: "GPU",
            state: .warning,
            message: "none can be used: \(absence.cause ?? absence.code.rawValue)",
            advice: absence.message
        )
    }

    /// With MIG on, a card is used by its slices only.
    private static func unsliced(_ gpu: GPU) -> NodeCheck? {
        guard gpu.mig == .enabled, gpu.slices.isEmpty else { return nil }
        return NodeCheck(
            name: "GPU \(gpu.index)",
            state: .warning,
            message: "MIG is on and no slice was made, so nothing can run on it",
            advice: "make slices with `nvidia-smi mig -cgi ... -C`, or turn MIG off"
        )
    }
}
