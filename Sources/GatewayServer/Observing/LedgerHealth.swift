import Logging
import Storage
import Synchronization

/// Says once when the ledger cannot be written, and once when it can again: until then no answer
/// leaves the gateway.
final class LedgerHealth: Sendable {
    private let logger: Logger
    private let isFailing = Synchronization.Atomic<Bool>(false)

    init(logger: Logger) { self.logger = logger }

    func observe(_ commit: LedgerCommit) {
        guard let failure = commit.failure else {
            guard isFailing.load(ordering: .relaxed) else { return }
            isFailing.store(false, ordering: .relaxed)
            return logger.notice("the ledger can be written again")
        }
        guard !isFailing.exchange(true, ordering: .relaxed) else { return }
        logger.error(
            "the ledger cannot be written: answers are withheld until it can",
            metadata: ["error": "\(failure)"]
        )
    }
}
