import Functions
import NIOConcurrencyHelpers

/// What all consumers of this gateway have in flight, so that no message runs twice at once.
///
/// A consumer that was replaced ends what it has while the next one receives, and a broker may give
/// that to the next one: after a lost connection, or when a lease ran out.
final class BrokerClaims: Sendable {
    private let taken = NIOLockedValueBox<Set<InvocationID>>([])

    /// To be asked before the ledger is: what another consumer has let go by then is in there.
    /// - Returns: false when it is in flight.
    func take(_ id: InvocationID) -> Bool {
        taken.withLockedValue { $0.insert(id).inserted }
    }

    func release(_ id: InvocationID) {
        taken.withLockedValue { _ = $0.remove(id) }
    }
}
