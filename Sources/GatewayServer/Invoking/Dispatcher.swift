package import Functions
import GatewayAPI
import Instances
package import Logging
import NIOConcurrencyHelpers
package import NIOCore
import Pooling
import RuntimeProtocol
package import Storage
import Synchronization

/// The one door: resolves a name, admits, leases an instance, meters.
package final class Dispatcher: Sendable {
    package let configuration: GatewayConfiguration
    package let logs: FunctionLogs
    package let ledgerMetrics = LedgerMetrics()
    private let splits = NIOLockedValueBox<[String: TrafficSplit]>([:])
    private let loops: [ObjectIdentifier: InvocationLoop]
    private let eventLoops: [any EventLoop]
    private let turn = Synchronization.Atomic<Int>(0)
    private let random: Synchronization.Atomic<UInt64>
    let ledger: LedgerWriter<RunningInvocation>

    /// Makes a dispatcher without routes; `loops` are all that invocations may come in on.
    package init(
        configuration: GatewayConfiguration,
        ledger: Ledger,
        logs: FunctionLogs,
        loops: [any EventLoop],
        logger: Logger
    ) throws {
        self.configuration = configuration
        self.logs = logs
        random = Synchronization.Atomic(UInt64.random(in: .min ... .max))
        var states: [ObjectIdentifier: InvocationLoop] = [:]
        for loop in loops {
            states[ObjectIdentifier(loop)] = InvocationLoop(
                eventLoop: loop,
                intervalMillis: configuration.sweepMillis
            )
        }
        self.loops = states
        eventLoops = loops
        let health = LedgerHealth(logger: logger)
        self.ledger = try LedgerWriter(
            ledger,
            deliver: Self.deliver,
            observe: { [ledgerMetrics] commit in
                ledgerMetrics.record(commit)
                health.observe(commit)
            }
        )
    }

    /// Where invocations of a function go; nil when there is no such function.
    package func split(_ name: String) -> TrafficSplit? { splits.withLockedValue { $0[name] } }

    /// The route of a function's primary revision; nil when there is no such function.
    package func route(_ name: String) -> Route? { split(name)?.primary }

    /// Divides what comes from now on in another way, or sends it nowhere; returns the way before.
    @discardableResult
    package func setSplit(_ split: TrafficSplit?, for name: FunctionName) -> TrafficSplit? {
        splits.withLockedValue { splits in
            let before = splits[name.description]
            splits[name.description] = split
            return before
        }
    }

    package var allSplits: [TrafficSplit] { splits.withLockedValue { Array($0.values) } }

    package func makeID(acceptedAtMicros: Int64) -> InvocationID {
        InvocationID(acceptedAtMicros: acceptedAtMicros, random: makeRandom())
    }

    /// SplitMix64 over a counter: unlike for every thread without a lock.
    func makeRandom() -> UInt64 {
        var bits = random.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// The loops in turn.
    func nextLoop() -> any EventLoop {
        let turn = turn.wrappingAdd(1, ordering: .relaxed).newValue
        return eventLoops[Int(turn.magnitude % UInt(eventLoops.count))]
    }

    func loop(_ eventLoop: any EventLoop) -> InvocationLoop {
        guard let loop = loops[ObjectIdentifier(eventLoop)] else {
            preconditionFailure("invocations come in on the loops given at the start")
        }
        return loop
    }

    /// Admits an invocation on the loop this is called on; `start` then sends it on its way.
    func makeInvocation(
        _ request: consuming InstanceRequest,
        id: InvocationID,
        route: Route,
        trigger: Trigger = .http,
        attempt: Int32 = 1,
        acceptedAtMicros: Int64,
        acceptedAt: UInt64,
        loop: InvocationLoop,
        receiver: any AnswerReceiver
    ) -> RunningInvocation {
        let invocation = RunningInvocation(
            id: id,
            route: route,
            trigger: trigger,
            attempt: attempt,
            dispatcher: self,
            loop: loop,
            receiver: receiver,
            acceptedAtMicros: acceptedAtMicros,
            acceptedAt: acceptedAt,
            request: request
        )
        loop.add(invocation)
        return invocation
    }

    /// Closes the ledger once everything in it is durable.
    package func close() { ledger.close() }

    /// Once a batch, on the loop that flushed it or on the ledger's own thread: at most one hop for
    /// each event loop that waits for part of it.
    private static func deliver(
        _ invocations: [RunningInvocation],
        _ result: Result<Void, StorageError>
    ) {
        let isDurable = if case .success = result { true } else { false }
        guard let first = invocations.first else { return }
        guard invocations.allSatisfy({ $0.loop === first.loop }) else {
            for invocation in invocations {
                invocation.eventLoop.execute { invocation.committed(isDurable) }
            }
            return
        }
        if first.eventLoop.inEventLoop {
            for invocation in invocations { invocation.committed(isDurable) }
        } else {
            first.eventLoop.execute {
                for invocation in invocations { invocation.committed(isDurable) }
            }
        }
    }
}
