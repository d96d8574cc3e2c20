import Billing
import Functions
import Storage

extension RunningInvocation {
    /// What the attempt consumed.
    func usageRecord(_ outcome: Outcome, _ kind: StartKind, runMicros: Int64) -> UsageRecord {
        UsageRecord(
            id: id,
            function: route.functionName,
            revision: route.revisionID,
            account: trigger == .probe ? Self.probeAccount : route.accountName,
            trigger: trigger,
            startKind: kind,
            outcome: outcome,
            attempt: attempt,
            acceptedAtMicros: acceptedAtMicros,
            queueMicros: queueMicros,
            startMicros: startMicros,
            runMicros: runMicros,
            memoryMiB: route.memoryMiB,
            gpuMemoryMiB: route.gpuMemoryMiB,
            bytesIn: Int64(bytesIn),
            bytesOut: Int64(bytesOut),
            prices: dispatcher.configuration.prices
        )
    }

    /// Nobody pays for probes.
    private static let probeAccount = "probe"
}
