package import Billing
import Functions
package import GatewayAPI

extension InvocationReport {
    /// What a usage record says, in numbers and in sentences.
    package init(
        _ record: UsageRecord,
        attempts: Int,
        message: String?,
        currency: String
    ) {
        self.init(
            id: record.id.description,
            function: record.function,
            revision: record.revision,
            account: record.account,
            trigger: record.trigger.description,
            state: .ended,
            outcome: record.outcome,
            startKind: record.startKind,
            status: nil,
            acceptedAtMicros: record.acceptedAtMicros,
            timings: InvocationTimings(
                queueMicros: record.queueMicros,
                startMicros: record.startMicros,
                runMicros: record.runMicros
            ),
            billedMillis: record.billedMillis,
            costNanos: record.costNanos,
            currency: currency,
            attempts: attempts,
            message: message,
            explanation: Self.explain(record)
        )
    }

    private static func explain(_ record: UsageRecord) -> [String] {
        var sentences: [String] = []
        if record.queueMicros > 1000 {
            sentences.append(
                "It waited \(millis(record.queueMicros)) ms because every instance was busy: "
                    + "a higher scale.max or scale.concurrency shortens that."
            )
        }
        switch record.startKind {
        case .warm: sentences.append("An idle instance took it: a warm start.")
        case .fork:
            sentences.append(
                "No instance was idle, so one was forked from the zygote in "
                    + "\(millis(record.startMicros)) ms."
            )
        case .resume:
            sentences.append(
                "A parked instance was woken in \(millis(record.startMicros)) ms."
            )
        case .cold:
            sentences.append(
                "Nothing was in memory, so the sandbox was made and the model loaded in "
                    + "\(millis(record.startMicros)) ms: scale.min: 1 avoids that."
            )
        }
        sentences.append("The handler ran for \(millis(record.runMicros)) ms.")
        switch record.outcome {
        case .completed, .rejected: break
        case .failed: sentences.append("It failed: `faas logs` has what the handler said.")
        case .timedOut: sentences.append("It ran into a timeout of the manifest.")
        case .cancelled: sentences.append("Its client went away before it was over.")
        }
        return sentences
    }

    private static func millis(_ micros: Int64) -> String {
        let tenths = micros / 100
        return "\(tenths / 10).\(tenths % 10)"
    }
}
