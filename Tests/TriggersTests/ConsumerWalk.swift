import Functions
import Storage
import TestSupport
import Testing
import Triggers

/// Random events for a consumer over a queue that is a dictionary, checked after each step.
struct ConsumerWalk {
    enum State { case waiting, inFlight, delayed }

    var random: SeededGenerator
    var consumer: QueueConsumer?
    /// The queue by place.
    var file: [Int64: (message: StoredMessage, state: State)] = [:]
    var fault: String?
    private var last: Int64 = 1 << 40
    private var now: Int64 = 0
    private let capacity: Int

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        capacity = Int.random(in: 1...6, using: &random)
        consumer = makeConsumer()
    }

    mutating func step(_ step: Int) {
        now += Int64.random(in: 0...30_000, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: enqueue()
        case 30..<55: feed()
        case 55..<75: end(.left)
        case 75..<83: end(.delayed)
        case 83..<88: refuse()
        case 88..<96: wake()
        case 96: consumer?.dropRead()
        case 97: consumer = makeConsumer()
        case 98: purge()
        default: for _ in 0..<20 { enqueue() }
        }
    }

    /// Ends everything; what is left over never begins.
    mutating func drain() {
        for _ in 0..<20_000 where fault == nil && !file.isEmpty {
            now += 10_000_000
            wake()
            feed()
            end(.left)
        }
    }

    private mutating func enqueue() {
        last += 1
        let groups: [String?] = [nil, nil, "a", "b", "c"]
        let message = StoredMessage(
            place: last,
            group: groups.randomElement(using: &random) ?? nil
        )
        file[last] = (message, .waiting)
        consumer?.arrived()
    }

    private mutating func feed() {
        for _ in 0..<4 {
            guard let room = consumer?.room(atMicros: now), room > 0 else { return }
            if consumer?.isHungry == true { refill() }
            for _ in 0..<room {
                guard let message = consumer?.next() else { break }
                begin(message)
            }
        }
    }

    private mutating func refill() {
        guard let cursor = consumer?.cursor else { return }
        let behind = file.values.filter { $0.message.place > cursor && $0.state != .delayed }
            .sorted { $0.message.place < $1.message.place }
        let read = behind.prefix(5)
        consumer?.read(
            read.filter { $0.state == .waiting }.map(\.message),
            isLast: behind.count == read.count
        )
        if let last = read.last { consumer?.skip(to: last.message.place) }
    }

    private mutating func begin(_ message: StoredMessage) {
        guard file[message.place]?.state == .waiting else {
            fault = "\(message.place) begins though it is \(file[message.place] as Any)"
            return
        }
        if let group = message.groupKey {
            let first = file.values.filter { $0.message.groupKey == group }
                .map(\.message.place).min()
            if first != message.place { fault = "\(message.place) begins before \(first ?? 0)" }
        }
        file[message.place]?.state = .inFlight
        let inFlight = file.values.filter { $0.state == .inFlight }.count
        if inFlight > capacity { fault = "\(inFlight) in flight, of \(capacity)" }
        if (consumer?.inFlight ?? 0) < inFlight { fault = "in flight is miscounted" }
    }

    private mutating func anyInFlight() -> StoredMessage? {
        file.values.filter { $0.state == .inFlight }.map(\.message)
            .sorted { $0.place < $1.place }.randomElement(using: &random)
    }

    private mutating func end(_ end: QueueConsumer.End) {
        guard let message = anyInFlight() else { return }
        switch end {
        case .left: file[message.place] = nil
        case .delayed: file[message.place]?.state = .delayed
        }
        guard let place = consumer?.ended(message.place, group: message.groupKey, end),
            let key = message.groupKey
        else { return }
        let next = file.values.map(\.message)
            .filter { $0.groupKey == key && $0.place > place }.min { $0.place < $1.place }
        consumer?.found(next, ofGroup: key)
    }

    private mutating func refuse() {
        guard let message = anyInFlight() else { return }
        file[message.place]?.state = .waiting
        consumer?.refused(message, atMicros: now)
    }

    private mutating func wake() {
        let delayed = file.values.filter { $0.state == .delayed }.map(\.message)
            .sorted { $0.place < $1.place }
        for message in delayed.prefix(3) {
            if let key = message.groupKey {
                file[message.place]?.state = .waiting
                consumer?.read(message, ofGroup: key)
            } else {
                file[message.place] = nil
                last += 1
                file[last] = (StoredMessage(place: last), .waiting)
            }
            consumer?.arrived()
        }
    }

    /// As a consumer that is made while messages are delayed and in flight.
    private func makeConsumer() -> QueueConsumer? {
        guard let plan = try? QueueConsumer.Plan.sample(capacity: capacity) else { return nil }
        var consumer = QueueConsumer(plan: plan, queue: 1, groupsMax: 100)
        for (message, state) in file.values {
            if state == .delayed, let key = message.groupKey {
                consumer.hold(group: key, for: message.place)
            }
            if state == .inFlight {
                consumer.adopt(group: message.groupKey, place: message.place)
            }
        }
        return consumer
    }

    /// What waits is removed; what is in flight ends later.
    private mutating func purge() {
        file = file.filter { $0.value.state == .inFlight }
        consumer = makeConsumer()
    }
}
