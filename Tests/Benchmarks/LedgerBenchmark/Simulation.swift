import Billing
import Functions
import Storage
import Synchronization

/// A closed loop of clients around one event loop, one instance and the ledger.
///
/// Each invocation costs the event loop `loopMicros` in three visits (accepting, the instance's
/// answer, answering the client), and instance and client their own time on threads of their own,
/// so that all compete for the processors as in the product. With `instanceMicros` 0 there are no
/// others, and the event loop starts the next invocation by itself.
struct Simulation: Sendable {
    let concurrency: Int
    let instanceMicros: Double
    let burner: Burner
    let seconds: Double
    let loopMicros = 20.0
    let clientMicros = 8.0

    enum Event: Sendable {
        case accepted(Int)
        case ran(Int)
        case committed([Int])
        case ended
    }

    /// Runs the loop on a fresh ledger, and returns what was measured.
    func run(_ policy: Policy, ledger: Ledger) throws -> Meter {
        let meter = Meter()
        let loop = Mailbox<Event>()
        let inFlight = InFlight()
        let deliver: @Sendable ([Int]) -> Void = { loop.send(.committed($0)) }
        let writer: any Writer =
            switch policy {
            case .product: try ProductWriter(ledger, meter: meter, deliver: deliver)
            case .eachRow: RowWriter(ledger, meter: meter, deliver: deliver)
            default:
                PolicyWriter(
                    policy,
                    ledger: ledger,
                    meter: meter,
                    expected: { inFlight.count.load(ordering: .relaxed) },
                    deliver: deliver
                )
            }
        let instance = peer(loop, instanceMicros, Event.ran)
        let client = peer(loop, clientMicros, Event.accepted)
        let timer = BenchmarkThread {
            sleepFor(seconds: seconds)
            loop.send(.ended)
        }
        for token in 0..<concurrency { loop.send(.accepted(token)) }
        var gateway = SimulatedLoop(
            self,
            loop,
            instance: instance.mailbox,
            client: client.mailbox,
            writer: writer,
            inFlight: inFlight,
            meter: meter
        )
        gateway.run()
        for peer in [instance, client] {
            peer.mailbox.close()
            peer.thread.join()
        }
        timer.join()
        writer.close()
        return meter
    }

    /// Invocations that were accepted and not yet appended to the ledger.
    final class InFlight: Sendable {
        let count = Atomic<Int>(0)
    }

    private func peer(
        _ loop: Mailbox<Event>,
        _ micros: Double,
        _ event: @escaping @Sendable (Int) -> Event
    ) -> (mailbox: Mailbox<Int>, thread: BenchmarkThread) {
        let mailbox = Mailbox<Int>()
        let burner = burner
        let thread = BenchmarkThread {
            var tokens: [Int] = []
            while mailbox.wait() > 0 {
                mailbox.take(into: &tokens)
                for token in tokens {
                    burner.burn(micros: micros)
                    loop.send(event(token))
                }
            }
        }
        return (mailbox, thread)
    }
}
