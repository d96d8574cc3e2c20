import Devices
import Functions
import Instances
import NIOConcurrencyHelpers
import Pooling

/// Waiting for memory, of the host or of a GPU, while others give it up.
extension Scheduler {
    /// What came of asking for memory once.
    private enum Attempt<Value> {
        case done(Value)
        /// It may be had soon; the error is for when that takes too long.
        case later(InstanceError)
    }

    /// Asks `wish` until it is admitted, giving up what it names meanwhile.
    func admit(
        _ wish: @escaping @Sendable (inout NodeBudget, () -> [IdleInstances]) -> BudgetVerdict
    ) async throws(InstanceError) {
        try await untilDone { () throws(InstanceError) -> Attempt<Void> in
            let pools = lock.withLockedValue { $0.pools }
            let verdict = lock.withLockedValue { value in
                wish(&value.budget) { Self.idle(in: pools) }
            }
            switch verdict {
            case .admitted: return .done(())
            case .evict(let eviction):
                evict(eviction)
                return .later(
                    InstanceError(.host, "other functions did not give up their memory in time")
                )
            case .refused(.tooLarge(let needed, let budget)):
                throw InstanceError(
                    .host,
                    "it needs \(needed) MiB of memory; this node has \(budget) MiB for all"
                )
            case .refused(.inUse(let needed, let available)):
                return .later(
                    InstanceError(
                        .host,
                        "it needs \(needed) MiB of memory and \(available) MiB are to be had; "
                            + "the rest is in use"
                    )
                )
            }
        }
    }

    /// Reserves GPU memory for an instance, stopping idle ones of other pools where it is short.
    ///
    /// - Returns: the UUID of the card or slice.
    func reserve(
        _ memoryMiB: Int,
        on gpus: GPUs,
        for holder: GPUBudget.Holder,
        isForked: Bool
    ) async throws(InstanceError) -> String {
        try await untilDone { () throws(InstanceError) -> Attempt<String> in
            let verdict = gpus.reserve(memoryMiB: memoryMiB, for: holder, isForked: isForked) {
                activity
            }
            switch verdict {
            case .reserved(let placement): return .done(placement.uuid)
            case .evict(let idle):
                let pools = lock.withLockedValue { $0.pools }
                for holder in idle { pools[holder.pool]?.evict(holder.instance) }
                return .later(
                    InstanceError(
                        .host,
                        "other functions did not give up their GPU memory in time"
                    )
                )
            case .refused(let refusal):
                let error = InstanceError(refusal, memoryMiB: memoryMiB)
                guard refusal.mayPass else { throw error }
                return .later(error)
            case .homeless: throw InstanceError(.closed, "the zygote has ended")
            }
        }
    }

    /// What the instances of every pool are doing.
    var activity: [PoolKey: PoolActivity] {
        lock.withLockedValue { $0.pools }.mapValues(\.activity)
    }

    private func untilDone<Value>(
        _ attempt: () throws(InstanceError) -> Attempt<Value>
    ) async throws(InstanceError) -> Value {
        let deadline = clock() + UInt64(limits.reserveMillisMax) * 1_000_000
        while true {
            switch try attempt() {
            case .done(let value): return value
            case .later(let error): guard clock() < deadline else { throw error }
            }
            do { try await Task.sleep(for: .milliseconds(limits.reservePollMillis)) } catch {
                throw InstanceError(.closed, "it was given up before there was memory for it")
            }
        }
    }
}
