import CCurlShim

/// One HTTP exchange through libcurl, run on the calling thread.
///
/// libcurl calls back with a pointer to this; it is a class so that the pointer stays good.
final class Transfer {
    /// What the caller wants to hear.
    struct Handlers {
        /// The final head, before the body's first byte.
        var head: (ResponseHead) throws(ClientError) -> Void = { _ in }
        var body: (UnsafeRawBufferPointer) throws(ClientError) -> Void = { _ in }
        /// About once a second, and whenever bytes move.
        var tick: (UploadProgress) -> Void = { _ in }
        var isCancelled: () -> Bool = { false }
    }

    let configuration: ClientConfiguration
    let request: Request
    let handlers: Handlers
    private var reader: BodyReader
    private var head = ResponseHead(status: 0, fields: [])
    private var headIsComplete = false
    private var failure: ClientError?

    init(_ request: Request, configuration: ClientConfiguration, handlers: Handlers) {
        self.request = request
        self.configuration = configuration
        self.handlers = handlers
        self.reader = BodyReader(request.body)
    }

    /// Blocks until the answer's last byte, and gives its head.
    func run(over connection: Connection) throws(ClientError) -> ResponseHead {
        let handle = connection.renewed()
        var list: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(list) }
        for field in fields { list = curl_slist_append(list, field) ?? list }
        setAddress(of: handle)
        setBody(of: handle)
        setLimits(of: handle)
        _ = ccurl_set_list(handle, CURLOPT_HTTPHEADER, list)
        let code = withExtendedLifetime((self, connection)) { curl_easy_perform(handle) }
        if code != CURLE_OK || failure != nil {
            var error = failure ?? TransferFault.error(code, of: self)
            // A status below it is an interim answer's.
            if head.status >= 200 { error.head = head }
            throw error
        }
        try completeHead()
        return head
    }

    private var fields: [String] {
        var fields = request.fields.map { "\($0.name): \($0.value)" }
        if let token = configuration.token { fields.append("Authorization: Bearer \(token)") }
        // Without this libcurl waits for a `100 Continue` before it sends a large body.
        fields.append("Expect:")
        return fields
    }
}

// MARK: - What libcurl calls

extension Transfer {
    /// Keeps `error` for `run` to throw, and says whether there was none.
    func keep(_ work: () throws(ClientError) -> Void) -> Bool {
        do {
            try work()
            return true
        } catch {
            if failure == nil { failure = error }
            return false
        }
    }

    func receive(line: String) {
        if let status = ResponseHead.status(inLine: line) {
            // A new head: what came before was an interim answer.
            head = ResponseHead(status: status, fields: [])
        } else if let field = ResponseHead.field(inLine: line) {
            head.fields.append(field)
        }
    }

    func receive(body bytes: UnsafeRawBufferPointer) throws(ClientError) {
        try completeHead()
        try handlers.body(bytes)
    }

    func send(into buffer: UnsafeMutableRawBufferPointer) throws(ClientError) -> Int {
        try reader.read(into: buffer, isCancelled: handlers.isCancelled)
    }

    func tick(_ progress: UploadProgress) throws(ClientError) {
        handlers.tick(progress)
        if handlers.isCancelled() { throw ClientError(.cancelled, "stopped") }
    }

    private func completeHead() throws(ClientError) {
        guard !headIsComplete else { return }
        headIsComplete = true
        try handlers.head(head)
    }
}

/// How much of a request's body has left.
package struct UploadProgress: Sendable, Hashable {
    package var sentBytes: Int64
    /// Nil when it is not known before the end.
    package var totalBytes: Int64?
}
