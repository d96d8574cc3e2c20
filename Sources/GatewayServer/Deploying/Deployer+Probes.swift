import Functions
import Glibc
import Logging
import NIOConcurrencyHelpers
import NIOPosix
import Packaging

/// Functions are tried with their own samples while they serve.
extension Deployer {
    /// Begins the probes that are due; each runs alone for its function.
    func probe(now: UInt64) {
        for split in dispatcher.allSplits {
            let revision = split.primary.revision
            guard let probe = revision.manifest.probe else { continue }
            let isDue = live.withLockedValue { live in
                guard var function = live[revision.function], function.probing == nil,
                    function.probeAt <= now
                else { return false }
                defer { live[revision.function] = function }
                let wasDue = function.probeAt > 0
                function.probeAt = now + UInt64(probe.everyMillis) * 1_000_000
                function.probing = wasDue ? revision.number : nil
                return wasDue
            }
            if isDue { Task { await self.probe(revision) } }
        }
    }

    private func probe(_ revision: Revision) async {
        let failure = await failure(of: revision)
        let changed = live.withLockedValue { live -> Bool in
            guard var function = live[revision.function] else { return false }
            defer { live[revision.function] = function }
            if function.probing == revision.number { function.probing = nil }
            // What was deployed meanwhile has shown that it answers.
            guard dispatcher.route(revision.function.description)?.revision == revision else {
                return false
            }
            defer { function.failure = failure }
            return (function.failure == nil) != (failure == nil)
        }
        guard changed else { return }
        if let failure {
            logger.warning(
                "probe failed",
                metadata: ["revision": "\(revision.id)", "reason": "\(failure)"]
            )
        } else {
            logger.info("probe answered again", metadata: ["revision": "\(revision.id)"])
        }
    }

    /// Why the sample is not answered as it should be; nil when it is.
    private func failure(of revision: Revision) async -> String? {
        do {
            let place = "\(setting.bundlesFolder)/\(revision.digest)"
            let found = try await threads.runIfActive {
                try FunctionFolder(place).sample.map { sample in
                    (sample, try sample.body(), try sample.expected())
                }
            }
            guard let (sample, body, expected) = found else { return nil }
            let answer = await Probe.run(
                Invocation(
                    id: dispatcher.makeID(acceptedAtMicros: Clock.wallMicros()),
                    token: 0,
                    function: revision.function,
                    trigger: .probe,
                    attempt: 1,
                    headers: Array("content-type: \(sample.contentType)".utf8),
                    body: body,
                    isAnswerKept: true
                ),
                on: dispatcher
            )
            if answer.status >= 400 {
                return "\(sample.name) was answered with status \(answer.status)"
                    + (answer.detail.isEmpty ? "" : ": \(answer.detail)")
            }
            guard let expected,
                let difference = try SampleComparison().firstDifference(
                    expected: expected,
                    answer: answer.body
                )
            else { return nil }
            return "the answer to \(sample.name) differs: \(difference)"
        } catch {
            return "the sample cannot be read: \(error)"
        }
    }
}

/// Waits for the one answer to a synthetic invocation.
private final class Probe: InvocationObserver {
    private let continuation: CheckedContinuation<Answer, Never>

    private init(_ continuation: CheckedContinuation<Answer, Never>) {
        self.continuation = continuation
    }

    static func run(_ invocation: Invocation, on invoker: any Invoker) async -> Answer {
        await withCheckedContinuation { continuation in
            invoker.begin([invocation], observer: Probe(continuation))
        }
    }

    func answered(_ answer: Answer, proceed: @escaping @Sendable () -> Void) { proceed() }

    func ended(_ answer: Answer) { continuation.resume(returning: answer) }
}
