import Billing
import Functions
import Glibc
import Synchronization

/// The event loop of a simulation, on the thread that calls `run`.
struct SimulatedLoop {
    private let simulation: Simulation
    private let mailbox: Mailbox<Simulation.Event>
    private let instance: Mailbox<Int>
    private let client: Mailbox<Int>
    private let writer: any Writer
    private let inFlight: Simulation.InFlight
    private let meter: Meter
    private let isAlone: Bool
    private let names = Names()
    private var appendedAt: [Int64]
    private var random = UInt64(truncatingIfNeeded: nanos())
    private var isEnded = false

    init(
        _ simulation: Simulation,
        _ mailbox: Mailbox<Simulation.Event>,
        instance: Mailbox<Int>,
        client: Mailbox<Int>,
        writer: any Writer,
        inFlight: Simulation.InFlight,
        meter: Meter
    ) {
        self.simulation = simulation
        self.mailbox = mailbox
        self.instance = instance
        self.client = client
        self.writer = writer
        self.inFlight = inFlight
        self.meter = meter
        isAlone = simulation.instanceMicros == 0
        appendedAt = Array(repeating: 0, count: simulation.concurrency)
    }

    mutating func run() {
        let start = nanos()
        let startCPU = nanos(CLOCK_THREAD_CPUTIME_ID)
        let startProcessCPU = nanos(CLOCK_PROCESS_CPUTIME_ID)
        var events: [Simulation.Event] = []
        while !isEnded {
            _ = mailbox.wait()
            mailbox.take(into: &events)
            for event in events { handle(event) }
            writer.flush()
        }
        meter.seconds = Double(nanos() - start) / 1e9
        meter.loopNanos = nanos(CLOCK_THREAD_CPUTIME_ID) - startCPU
        meter.processNanos = nanos(CLOCK_PROCESS_CPUTIME_ID) - startProcessCPU
    }

    private mutating func handle(_ event: Simulation.Event) {
        switch event {
        case .accepted(let token): accept(token)
        case .ran(let token): append(token)
        case .committed(let tokens): answer(tokens)
        case .ended: isEnded = true
        }
    }

    private mutating func accept(_ token: Int) {
        inFlight.count.add(1, ordering: .relaxed)
        if isAlone { return append(token) }
        simulation.burner.burn(micros: simulation.loopMicros * 0.4)
        instance.send(token)
    }

    private mutating func append(_ token: Int) {
        simulation.burner.burn(micros: simulation.loopMicros * (isAlone ? 1 : 0.4))
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let record = names.record(random: random)
        inFlight.count.subtract(1, ordering: .relaxed)
        appendedAt[token] = nanos()
        writer.append(record, token)
    }

    private mutating func answer(_ tokens: [Int]) {
        let now = nanos()
        for token in tokens {
            meter.latencies.append(now - appendedAt[token])
            if isAlone {
                accept(token)
            } else {
                simulation.burner.burn(micros: simulation.loopMicros * 0.2)
                client.send(token)
            }
        }
    }
}

/// The names that the pool of one revision would share.
struct Names: Sendable {
    private let function = "echo"
    private let revision = "echo-1"
    private let account = "local"
    private let prices = Prices()

    func record(random: UInt64) -> UsageRecord {
        let now = nanos(CLOCK_REALTIME) / 1000
        return UsageRecord(
            id: InvocationID(acceptedAtMicros: now, random: random),
            function: function,
            revision: revision,
            account: account,
            trigger: .http,
            startKind: .warm,
            outcome: .completed,
            acceptedAtMicros: now,
            queueMicros: 3,
            startMicros: 12,
            runMicros: 180,
            memoryMiB: 256,
            bytesIn: 64,
            bytesOut: 64,
            prices: prices
        )
    }
}
