import Functions
import Storage

/// A function as far as its triggers matter.
struct BoundFunction {
    var name: FunctionName
    var account: Account
    var scale: Manifest.Scale
    var triggers: Manifest.Triggers

    /// Invocations that all instances together can take.
    var capacity: Int { max(1, scale.max * scale.concurrency) }
}

extension QueueDesk {
    /// Lets a function's queues and schedules run, in place of what it had before.
    ///
    /// `isRestored`: it was deployed before this gateway was started.
    func bind(
        _ function: BoundFunction,
        isRestored: Bool,
        atMicros now: Int64
    ) throws(StorageError) {
        functions[function.name.description] = function
        let ticking = Set(function.triggers.schedules.map(\.name))
        schedules = schedules.filter { key, _ in
            key.function != function.name || ticking.contains(key.name)
        }
        var bound: Set<Int64> = []
        for trigger in function.triggers.queues {
            // A message that a broker gave and that died can be redriven like any other.
            let dead = try number(
                of: QueueKey(.queue, trigger.dead.description),
                for: function.account
            )
            guard case .embedded(let name) = trigger.source else { continue }
            let number = try number(
                of: QueueKey(.queue, name.description),
                for: function.account
            )
            bound.insert(number)
            try attach(number, Self.plan(trigger, of: function, dead: dead))
        }
        for schedule in function.triggers.schedules {
            bound.insert(try bind(schedule, of: function, isRestored: isRestored, atMicros: now))
        }
        if let number = numbers[QueueKey(.async, function.name.description)] {
            bound.insert(number)
            try attachAsync(number, function)
        }
        detachQueues(of: function.name, except: bound)
    }

    /// Why a function cannot have the queues that its triggers name; nil when it can.
    ///
    /// A queue is its account's, also while no function takes from it; and so is the queue that a
    /// function's asynchronous dead letters will need.
    func conflict(
        of name: FunctionName,
        _ account: Account,
        _ triggers: Manifest.Triggers
    ) -> String? {
        var named = triggers.queues.map(\.dead.description)
        for trigger in triggers.queues {
            guard case .embedded(let source) = trigger.source else { continue }
            named.append(source.description)
            if let number = numbers[QueueKey(.queue, source.description)],
                let other = queues[number]?.consumer?.plan.function, other != name,
                queues[number]?.account == account
            {
                return "The queue \(source) feeds the function \(other) already: a queue feeds "
                    + "one function."
            }
        }
        let foreign = (named + ["\(name)-dead"]).first { queue in
            let owner = numbers[QueueKey(.queue, queue)].flatMap { queues[$0]?.account }
            let function = queue.hasSuffix("-dead") ? String(queue.dropLast(5)) : ""
            return (owner ?? functions[function]?.account ?? account) != account
        }
        return foreign.map { "The queue \($0) belongs to another account: choose another name." }
    }

    /// Stops a function's queues and schedules; their messages stay.
    func unbind(_ name: FunctionName) throws(StorageError) {
        functions[name.description] = nil
        schedules = schedules.filter { $0.key.function != name }
        try connection.dropTicks(of: name.description)
        detachQueues(of: name, except: [])
    }

    /// The queue of a function's asynchronous invocations, which is made with the first one.
    func asyncQueue(of name: FunctionName) throws(StorageError) -> QueueKey? {
        let key = QueueKey(.async, name.description)
        guard let function = functions[name.description] else { return nil }
        let number = try number(of: key, for: function.account)
        if queues[number]?.consumer == nil { try attachAsync(number, function) }
        return key
    }

    private func attachAsync(_ number: Int64, _ function: BoundFunction) throws(StorageError) {
        var plan = QueueConsumer.Plan(
            function: function.name,
            trigger: .async,
            capacity: min(function.capacity, Self.inFlightMax),
            attempts: limits.asyncAttempts,
            backoff: Backoff(),
            dead: try deadQueue(of: function)
        )
        plan.keepsAnswers = true
        try attach(number, plan)
    }

    /// Where asynchronous invocations and ticks of a function end that cannot be served.
    func deadQueue(of function: BoundFunction) throws(StorageError) -> Int64 {
        try number(of: QueueKey(.queue, "\(function.name)-dead"), for: function.account)
    }

    func attach(_ number: Int64, _ plan: QueueConsumer.Plan) throws(StorageError) {
        guard let queue = queues[number] else { return }
        queue.plan = plan
        active.insert(number)
        guard queue.consumer == nil else {
            queue.consumer?.plan = plan
            return
        }
        queue.consumer = consumer(plan, number, holding: try delayedGroups(in: number))
    }

    /// Delayed messages of a queue that hold up a group.
    func delayedGroups(
        in queue: Int64
    ) throws(StorageError) -> [(place: Int64, groupKey: String)] {
        let range = MessagePlace.range(of: queue)
        return try connection.delayedGroups().filter { range.contains($0.place) }
    }

    /// A consumer that reads a queue from its front, around what is in flight.
    func consumer(
        _ plan: QueueConsumer.Plan,
        _ queue: Int64,
        holding delayed: [(place: Int64, groupKey: String)]
    ) -> QueueConsumer {
        var consumer = QueueConsumer(plan: plan, queue: queue, groupsMax: limits.groupsMax)
        for (place, group) in delayed { consumer.hold(group: group, for: place) }
        let range = MessagePlace.range(of: queue)
        for lease in leases.values where range.contains(lease.message.place) {
            consumer.adopt(group: lease.message.groupKey, place: lease.message.place)
        }
        return consumer
    }

    private func detachQueues(of name: FunctionName, except kept: Set<Int64>) {
        for queue in queues.values
        where queue.consumer?.plan.function == name && !kept.contains(queue.number) {
            queue.consumer = nil
        }
    }

    private static func plan(
        _ trigger: QueueTrigger,
        of function: BoundFunction,
        dead: Int64
    ) -> QueueConsumer.Plan {
        let batches = trigger.concurrency ?? max(1, function.capacity / trigger.batch)
        return QueueConsumer.Plan(
            function: function.name,
            trigger: .queue(trigger.sourceName),
            capacity: min(batches * trigger.batch, inFlightMax),
            attempts: trigger.attempts,
            backoff: trigger.backoff,
            dead: dead
        )
    }

    /// Messages of one queue in flight at once, whatever the manifest says.
    private static let inFlightMax = 4096
}

extension QueueTrigger {
    /// What the trigger is called in usage records and reports.
    package var sourceName: String {
        switch source {
        case .embedded(let name): return name.description
        case .broker(let broker):
            for key in ["queue", "stream"] {
                if let name = broker.options[key] { return name }
            }
            return broker.url.split(separator: "/").last.map(String.init) ?? broker.kind.rawValue
        }
    }
}
