import Billing
import Functions
import GatewayAPI
import GatewayServer
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Storage

extension TriggerRoutes {
    func addInvocationRoutes(to router: RouterGroup<BasicRequestContext>) {
        router.post("/async-function/:name") { request, context in
            try await answering { try await invoke(request, context) }
        }
        router.get("/v1/invocations/:id") { request, context in
            try await answering {
                let id = try await settled(request, context)
                return try ManagementRoutes.json(try await report(id, request))
            }
        }
        router.get("/v1/invocations/:id/result") { request, context in
            try await answering {
                let id = try await settled(request, context)
                return try await result(id, request)
            }
        }
    }

    private func invoke(
        _ request: Request,
        _ context: BasicRequestContext
    ) async throws -> Response {
        let name = context.parameters.get("name") ?? ""
        guard let route = dispatcher.route(name) else {
            throw Problem(
                .functionNotFound,
                detail: "There is no function \(name): see `faas list`."
            )
        }
        if let problem = authorizer.refusal(
            authorization: request.headers[.authorization],
            account: route.revision.account.description
        ) {
            throw problem
        }
        let callback = request.headers[field: HeaderName.callbackURL]
        if let callback, let reason = CallbackPoster.refusal(of: callback) {
            throw Problem(.callbackInvalid, detail: reason)
        }
        let body = try await MessageHeaders.body(
            of: request,
            bytesMax: route.revision.manifest.limits.payloadBytes
        )
        let id = engine.makeID(Clock.wallMicros())
        var headers = try MessageHeaders.lines(request.headers, withContentType: true)
        if request.headers[.contentType] == nil {
            let type = Array("content-type: \(MediaType.json)".utf8)
            headers = headers.isEmpty ? type : type + [UInt8(ascii: "\n")] + headers
        }
        try await engine.enqueue(
            NewMessage(id: id, callback: callback, headers: headers, body: body),
            of: route.revision.function
        )
        var response = try ManagementRoutes.json(
            CallReceipt(id: id.description),
            status: .accepted
        )
        response.headers[field: HeaderName.callID] = id.description
        return response
    }

    /// The id of an invocation that has ended, or that has been waited for long enough.
    private func settled(
        _ request: Request,
        _ context: BasicRequestContext
    ) async throws -> InvocationID {
        let text = context.parameters.get("id") ?? ""
        guard let id = InvocationID(text) else {
            throw Problem(.queryInvalid, detail: "`\(text)` is not an invocation id.")
        }
        let query = try WaitQuery(parameters: ManagementRoutes.parameters(request))
        if query.waitMillis > 0 { try await engine.wait(for: id, millis: query.waitMillis) }
        return id
    }

    private func result(_ id: InvocationID, _ request: Request) async throws -> Response {
        if let response = try await keptResult(id, request) { return response }
        switch try await engine.find(id) {
        case .waiting, .running, .retrying:
            var response = try ManagementRoutes.json(
                try await report(id, request),
                status: .accepted
            )
            response.headers[field: HeaderName.callID] = id.description
            return response
        case .dead, .none:
            // It may have ended between the two looks.
            if let response = try await keptResult(id, request) { return response }
            throw Problem(
                .resultNotFound,
                detail: "No result of \(id) is kept: only those of asynchronous invocations are, "
                    + "and for a time."
            )
        }
    }

    private func keptResult(_ id: InvocationID, _ request: Request) async throws -> Response? {
        let found = try await engine.store.result(of: id, atMicros: Clock.wallMicros())
        guard let answer = found?.answer else { return nil }
        guard mayUse(answer.function, request) else { throw notFound(id) }
        return Self.response(answer)
    }

    /// As the invocation route would have answered.
    private static func response(_ answer: KeptAnswer) -> Response {
        let status = AnswerBytes.status(answer.status)
        var headers: HTTPFields = [:]
        for line in answer.headers.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            let text = String(decoding: line[(colon + 1)...], as: UTF8.self)
            let value = String(text.drop { $0 == " " })
            guard AnswerBytes.isHandlers(name, value), let name = HTTPField.Name(name) else {
                continue
            }
            headers.append(HTTPField(name: name, value: value))
        }
        let hasBody = AnswerBytes.hasBody(status)
        if hasBody, headers[.contentType] == nil { headers[.contentType] = MediaType.json }
        headers[field: HeaderName.invocationID] = answer.id.description
        return Response(
            status: .init(code: status),
            headers: headers,
            body: hasBody ? .init(byteBuffer: ByteBuffer(bytes: answer.body)) : .init()
        )
    }

    private func report(_ id: InvocationID, _ request: Request) async throws -> InvocationReport {
        let place = try await engine.find(id)
        let records = try await ledger.records(of: id)
        let failures = try await engine.store.failures(of: id)
        let kept = try await engine.store.result(of: id, atMicros: Clock.wallMicros())
        let function = records.last?.function ?? kept?.answer.function ?? place.function(in: self)
        guard let function, mayUse(function, request) else { throw notFound(id) }
        let message = try await logged(id, records.last, function: function)
        var report = Self.base(
            id,
            records,
            function: function,
            account: dispatcher.route(function)?.revision.account.description ?? "",
            message: failures[records.last?.attempt ?? 0]?.detail ?? message,
            currency: dispatcher.configuration.prices.currency
        )
        report.status = kept?.answer.status ?? report.status
        report.resultKeptUntilMicros = kept?.expiresAt
        report.attemptReports = records.map {
            AttemptReport($0, message: failures[$0.attempt]?.detail)
        }
        if report.trigger != "http", report.trigger != "probe" {
            report.enqueuedAtMicros = id.acceptedAtMillis * 1_000
        }
        report.take(place)
        return report
    }

    /// What went wrong in the last attempt.
    private func logged(
        _ id: InvocationID,
        _ last: UsageRecord?,
        function: String
    ) async throws -> String? {
        guard let last, let name = FunctionName(function) else { return nil }
        let lines = try await threads.runIfActive { [dispatcher] in
            dispatcher.logs.read(
                function: name,
                tail: Self.linesMax,
                since: Timestamp(micros: last.acceptedAtMicros),
                invocation: id.description
            )
        }
        // The gateway's own lines are of no instance; a failure's message precedes its traceback.
        let isWhole = last.outcome == .completed
        let level = isWhole ? LogLevel.warning : .error
        let own = lines.first { $0.instance == nil && $0.level == level }
        return (own ?? (isWhole ? nil : lines.last { $0.level == .error }))?.text
    }

    /// Lines of an invocation that are looked through for its failure.
    private static let linesMax = 1_000

    private static func base(
        _ id: InvocationID,
        _ records: [UsageRecord],
        function: String,
        account: String,
        message: String?,
        currency: String
    ) -> InvocationReport {
        if let last = records.last {
            return InvocationReport(
                last,
                attempts: records.count,
                message: message,
                currency: currency
            )
        }
        return InvocationReport(
            id: id.description,
            function: function,
            revision: "",
            account: account,
            trigger: "",
            state: .waiting,
            outcome: nil,
            startKind: nil,
            status: nil,
            acceptedAtMicros: id.acceptedAtMillis * 1_000,
            timings: InvocationTimings(queueMicros: 0, startMicros: 0, runMicros: 0),
            billedMillis: 0,
            costNanos: 0,
            currency: currency,
            attempts: 0,
            message: message,
            explanation: []
        )
    }

    private func notFound(_ id: InvocationID) -> Problem {
        Problem(
            .invocationNotFound,
            detail: "Neither the ledger nor a queue has the id \(id): it was rejected, or is not "
                + "over yet."
        )
    }
}

extension InvocationPlace {
    /// The function that will have it.
    fileprivate func function(in routes: TriggerRoutes) -> String? {
        switch self {
        case .waiting(let key, let function), .running(let key, let function, _),
            .retrying(let key, let function, _, _), .dead(let key, let function, _):
            function?.description ?? (key.kind == .async ? key.name : nil)
        case .none: nil
        }
    }
}

extension InvocationReport {
    /// Adds where the invocation is now.
    fileprivate mutating func take(_ place: InvocationPlace) {
        switch place {
        case .waiting(let key, _):
            at(key, .waiting)
            explanation.append("It waits in \(key.text) for its turn.")
        case .running(let key, _, let attempt):
            at(key, .running)
            explanation.append("Attempt \(attempt) is under way.")
        case .retrying(let key, _, let due, let failure):
            at(key, .retrying)
            nextAttemptAtMicros = due
            message = failure?.detail ?? message
            explanation.append(
                "Attempt \(attempts) failed\(failure.map { " (\($0.code))" } ?? ""); the next one "
                    + "begins at \(Timestamp(micros: due))."
            )
        case .dead(let key, _, let failure):
            at(key, .dead)
            message = failure?.detail ?? message
            explanation.append(
                "It is a dead letter of \(key.text)\(failure.map { " (\($0.code))" } ?? "")."
            )
        case .none: break
        }
    }

    private mutating func at(_ key: QueueKey, _ state: State) {
        self.state = state
        queue = key.name
        if trigger.isEmpty { trigger = key.triggerText }
    }
}

extension QueueKey {
    var text: String {
        switch kind {
        case .queue: "the queue \(name)"
        case .async: "the asynchronous invocations of \(name)"
        case .schedule: "the schedule \(name)"
        }
    }

    /// As in the ledger's column `trigger`.
    var triggerText: String {
        switch kind {
        case .queue: "queue:\(name)"
        case .async: "async"
        case .schedule: "schedule:\(name.split(separator: "/").last ?? "")"
        }
    }
}

extension AttemptReport {
    fileprivate init(_ record: UsageRecord, message: String?) {
        self.init(
            attempt: Int(record.attempt),
            revision: record.revision,
            startKind: record.startKind,
            outcome: record.outcome,
            acceptedAtMicros: record.acceptedAtMicros,
            timings: InvocationTimings(
                queueMicros: record.queueMicros,
                startMicros: record.startMicros,
                runMicros: record.runMicros
            ),
            billedMillis: record.billedMillis,
            costNanos: record.costNanos,
            message: message
        )
    }
}
