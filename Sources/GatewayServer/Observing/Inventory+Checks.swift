package import Devices
package import GatewayAPI
import Hosts

extension Inventory {
    /// One check of the driver and its cards, and one for each card that cannot be used.
    package var checks: [NodeCheck] {
        if let absence { return [Self.absent(absence)] }
        let cards = gpus.map { "\($0.name) (\($0.memory.totalBytes >> 20) MiB)" }
        let driver = driver.map { "driver \($0.version), CUDA \($0.cuda)" }
        let words = [cards.isEmpty ? "no usable card" : cards.joined(separator: ", "), driver]
        let summary = NodeCheck.ok("GPU", words.compactMap(\.self).joined(separator: "; "))
        let broken = faults.map { fault in
            NodeCheck.warning(
                "GPU \(fault.index)",
                "\(fault.uuid ?? "a card") cannot be used: \(fault.error.cause ?? "")",
                advice: fault.error.message
            )
        }
        return [summary] + gpus.compactMap(Self.unsliced) + broken
    }

    /// A host without the driver has no GPU to miss; any other reason is one to look into.
    private static func absent(_ absence: DevicesError) -> NodeCheck {
        guard absence.code != .libraryMissing else {
            return .ok("GPU", "none; functions run on the CPU")
        }
        let message = "none can be used: \(absence.cause ?? absence.code.rawValue)"
        return .warning("GPU", message, advice: absence.message)
    }

    /// With MIG on, a card is used by its slices only.
    private static func unsliced(_ gpu: GPU) -> NodeCheck? {
        guard gpu.mig == .enabled, gpu.slices.isEmpty else { return nil }
        return .warning(
            "GPU \(gpu.index)",
            "MIG is on and no slice was made, so nothing can run on it",
            advice: "make slices with `nvidia-smi mig -cgi ... -C`, or turn MIG off"
        )
    }
}
