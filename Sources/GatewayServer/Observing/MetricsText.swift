package import GatewayAPI

/// What `/metrics` answers: all that is counted and measured, in Prometheus' text format.
package struct MetricsText: Sendable {
    /// Of the gateway.
    package var version: String
    package var functions: [FunctionSample] = []
    package var pools: [PoolSample] = []
    /// Host memory promised to zygotes and instances, and how much there is for them.
    package var memoryHeldMiB = 0
    package var memoryBudgetMiB = 0
    package var gpus: [GPUReport] = []
    package var process: ProcessUsage?
    /// Lines of functions' logs that found no room.
    package var lostLogLines = 0
    package var ledger: LedgerMetrics?
    package var queues = QueueSample([])

    package init(version: String) { self.version = version }

    /// UTF-8, to be sent as `PrometheusText.contentType`.
    package func render() -> [UInt8] {
        var text = PrometheusText()
        text.begin("faas_build_info", .gauge, "The version of the gateway, as a label.")
        text.sample(["version": version], 1)
        write(functions: &text)
        write(pools: &text)
        write(memory: &text)
        if let ledger { ledger.write(&text) }
        queues.write(&text)
        text.begin(
            "faas_log_lines_lost_total",
            .counter,
            "Lines of functions that found no room in their log."
        )
        text.sample([:], Double(lostLogLines))
        if let process { process.write(&text) }
        return text.bytes
    }

    private func write(memory text: inout PrometheusText) {
        text.begin(
            "faas_memory_held_bytes",
            .gauge,
            "Host memory promised to zygotes and instances."
        )
        text.sample([:], Self.bytes(memoryHeldMiB))
        text.begin(
            "faas_memory_budget_bytes",
            .gauge,
            "Host memory for zygotes and instances in all."
        )
        text.sample([:], Self.bytes(memoryBudgetMiB))
        guard !gpus.isEmpty else { return }
        text.begin("faas_gpu_memory_bytes", .gauge, "Memory of a card or slice.")
        for gpu in gpus {
            text.sample(["gpu": gpu.uuid, "name": gpu.name], Self.bytes(gpu.memoryMiB))
        }
        text.begin(
            "faas_gpu_memory_reserved_bytes",
            .gauge,
            "Memory of a card or slice promised to instances."
        )
        for gpu in gpus {
            text.sample(["gpu": gpu.uuid, "name": gpu.name], Self.bytes(gpu.reservedMiB))
        }
    }

    private static func bytes(_ mebibytes: Int) -> Double { Double(mebibytes) * 1_048_576 }
}
