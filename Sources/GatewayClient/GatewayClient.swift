import GatewayAPI

/// The gateway's API as verbs.
///
/// Each call blocks the calling thread until the answer has ended; none of them keeps state, so
/// that any number may run side by side on threads of their own.
package struct GatewayClient: Sendable {
    /// The largest answer that is held in memory.
    package static let answerBytesMax = 64 << 20

    package let configuration: ClientConfiguration
    /// Asked about once a second and with every piece; true ends the call with `cancelled`.
    package let isCancelled: @Sendable () -> Bool

    package init(
        configuration: ClientConfiguration,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.configuration = configuration
        self.isCancelled = isCancelled
    }
}

extension GatewayClient {
    /// Decodes the answer to a `GET`.
    func get<Value: Decodable>(
        _ path: String,
        parameters: [(name: String, value: String)] = [],
        as type: Value.Type
    ) throws(ClientError) -> Value {
        let request = Request(
            method: "GET",
            path: Request.path(path, parameters: parameters),
            timeoutMillis: configuration.requestTimeoutMillis
        )
        return try decode(type, try collect(request))
    }

    /// Throws unless the answer is the one that a gateway gives once something is gone.
    func delete(_ path: String) throws(ClientError) {
        let request = Request(
            method: "DELETE",
            path: path,
            timeoutMillis: configuration.requestTimeoutMillis
        )
        let head = try stream(request) { _ in }
        guard head.status == 204 else { throw foreign(head) }
    }

    /// The body of a successful answer, held in memory.
    func collect(
        _ request: Request,
        over connection: Connection? = nil
    ) throws(ClientError) -> [UInt8] {
        var answer: [UInt8] = []
        _ = try stream(request, over: connection) { (bytes) throws(ClientError) in
            guard answer.count + bytes.count <= Self.answerBytesMax else {
                throw ClientError(
                    .answerTooLarge,
                    "the answer is over \(Self.answerBytesMax) bytes"
                )
            }
            answer.append(contentsOf: bytes)
        }
        return answer
    }

    /// Gives each line of a successful answer as it arrives.
    func lines(
        _ request: Request,
        tick: @escaping (UploadProgress) -> Void = { _ in },
        each: (([UInt8]) throws(ClientError) -> Void)
    ) throws(ClientError) {
        var splitter = LineSplitter()
        _ = try stream(request, tick: tick) { (bytes) throws(ClientError) in
            for line in try splitter.append(bytes) { try each(line) }
        }
        if let last = splitter.finish() { try each(last) }
    }

    /// Gives a successful answer's body in pieces; any other answer is thrown as `refused`.
    func stream(
        _ request: Request,
        over connection: Connection? = nil,
        tick: @escaping (UploadProgress) -> Void = { _ in },
        body: (UnsafeRawBufferPointer) throws(ClientError) -> Void
    ) throws(ClientError) -> ResponseHead {
        var refusal: [UInt8] = []
        var isSuccess = false
        let head = try run(
            request,
            over: connection,
            head: { isSuccess = $0.isSuccess },
            tick: tick,
            body: { (bytes) throws(ClientError) in
                if isSuccess {
                    try body(bytes)
                } else if refusal.count < Self.problemBytesMax {
                    refusal.append(contentsOf: bytes)
                }
            }
        )
        guard head.isSuccess else { throw refused(head, refusal) }
        return head
    }

    /// Gives the body of an invocation's answer in pieces, but holds one that `holding` picks by
    /// its head; a problem+json of the gateway is thrown as `refused`.
    ///
    /// Throws `answerInvalid` for any other answer that names no invocation.
    func answer(
        _ request: Request,
        holding: (ResponseHead) -> Bool = { _ in false },
        onBody: (UnsafeRawBufferPointer) -> Void
    ) throws(ClientError) -> (head: ResponseHead, held: [UInt8]) {
        var held: [UInt8] = []
        var isHeld = false
        var isProblem = false
        let head = try run(
            request,
            head: {
                isProblem = $0.isProblem && !$0.isSuccess
                isHeld = isProblem || $0.invocationID == nil || holding($0)
            },
            tick: { _ in },
            body: { (bytes) throws(ClientError) in
                if !isHeld {
                    onBody(bytes)
                } else if held.count < Self.problemBytesMax {
                    held.append(contentsOf: bytes)
                }
            }
        )
        guard !isProblem else { throw refused(head, held) }
        guard head.invocationID != nil || holding(head) else { throw foreign(head) }
        return (head, held)
    }

    /// The exchange itself, whatever the status.
    func run(
        _ request: Request,
        over connection: Connection? = nil,
        head: (ResponseHead) -> Void,
        tick: @escaping (UploadProgress) -> Void,
        body: (UnsafeRawBufferPointer) throws(ClientError) -> Void
    ) throws(ClientError) -> ResponseHead {
        let connection = if let connection { connection } else { try Connection() }
        // The transfer ends before this returns, so its handlers never outlive the closures.
        return try withoutActuallyEscaping(head) { (head) throws(ClientError) in
            try withoutActuallyEscaping(body) { (body) throws(ClientError) in
                let handlers = Transfer.Handlers(
                    head: { head($0) },
                    body: body,
                    tick: tick,
                    isCancelled: isCancelled
                )
                let transfer = Transfer(
                    request,
                    configuration: configuration,
                    handlers: handlers
                )
                return try transfer.run(over: connection)
            }
        }
    }
}

extension GatewayClient {
    /// The largest refusal or report that is read; what is beyond it is none of the gateway.
    static let problemBytesMax = 1 << 20

    /// What a status other than 2xx means.
    func refused(_ head: ResponseHead, _ body: [UInt8]) -> ClientError {
        if head.isProblem, let problem = try? JSONCoding.decode(Problem.self, from: body) {
            return ClientError(problem: problem, invocationID: head.invocationID)
        }
        return foreign(head)
    }

    /// What an answer means that no gateway gives.
    func foreign(_ head: ResponseHead) -> ClientError {
        ClientError(
            .answerInvalid,
            "\(configuration.url) answered with status \(head.status), but not as a gateway does",
            advice: "check that FAAS_URL is the URL of a gateway"
        )
    }

    func decode<Value: Decodable>(
        _ type: Value.Type,
        _ bytes: [UInt8]
    ) throws(ClientError) -> Value {
        do {
            return try JSONCoding.decode(type, from: bytes)
        } catch {
            throw ClientError(
                .answerInvalid,
                "what answered at \(configuration.url) does not speak this API: no \(type)",
                advice: "check FAAS_URL, and that faas and the gateway are of one version"
            )
        }
    }
}
