#if Redis
import CHiredis
package import Functions
import Glibc
package import Triggers

/// One connection to a Redis server, signed in and with its database chosen.
package final class RedisLink {
    package let url: BrokerURL
    private var context: UnsafeMutablePointer<redisContext>?

    package init(_ source: BrokerSource, timeoutMillis: Int) throws(BrokerError) {
        guard !source.url.hasPrefix("rediss://") else {
            throw BrokerError(
                .invalid,
                "\(source.shownURL): Debian's libhiredis has no TLS: use redis:// through a TLS "
                    + "tunnel such as stunnel on this host"
            )
        }
        url = try BrokerURL(source, schemes: ["redis": 6_379])
        Self.ignoreBrokenPipes
        context = redisConnectWithTimeout(
            url.host,
            Int32(url.port),
            timeval(millis: Int64(timeoutMillis))
        )
        try checkConnected()
        try setTimeout(millis: timeoutMillis)
        try signIn()
        try setTimeout(millis: BrokerLimits.requestMillis)
    }

    deinit { close() }

    package func close() {
        redisFree(context)
        context = nil
    }

    /// hiredis writes to a broken connection without guarding against the signal.
    private static let ignoreBrokenPipes: Void = {
        var action = sigaction()
        guard sigaction(SIGPIPE, nil, &action) == 0,
            action.__sigaction_handler.sa_handler == nil
        else { return }
        signal(SIGPIPE, SIG_IGN)
    }()

    private func signIn() throws(BrokerError) {
        if let password = url.password {
            _ = try command(["AUTH"] + (url.user.map { [$0] } ?? []) + [password])
        }
        guard let database = url.path, !database.isEmpty, database != "0" else {
            _ = try command(["PING"])
            return
        }
        guard let number = Int(database), number > 0 else {
            throw BrokerError(.invalid, "\(url.shown): the path is a database's number, as in /0")
        }
        _ = try command(["SELECT", database])
    }

    /// How long a reply may take.
    func setTimeout(millis: Int) throws(BrokerError) {
        guard context != nil, redisSetTimeout(context, timeval(millis: Int64(millis))) == REDIS_OK
        else {
            throw disconnected("broke")
        }
    }

    /// An error reply is thrown.
    package func command(_ words: [String]) throws(BrokerError) -> RedisReply {
        try send(words)
        return try reply()
    }

    /// Keeps a command to be sent with the next `reply`.
    func send(_ words: [String]) throws(BrokerError) {
        guard context != nil else { throw disconnected("took no command") }
        let status = Self.withWords(words) { pointers, lengths in
            redisAppendCommandArgv(context, Int32(words.count), pointers, lengths)
        }
        guard status == REDIS_OK else { throw disconnected("took no command") }
    }

    func reply() throws(BrokerError) -> RedisReply {
        var pointer: UnsafeMutableRawPointer?
        guard context != nil, redisGetReply(context, &pointer) == REDIS_OK, let pointer else {
            throw disconnected("broke the connection")
        }
        defer { freeReplyObject(pointer) }
        let reply = RedisReply(pointer.assumingMemoryBound(to: redisReply.self))
        if case .error(let text) = reply { throw RedisFault.error(text, url) }
        return reply
    }

    private func checkConnected() throws(BrokerError) {
        guard let context, context.pointee.err == 0 else { throw disconnected("is not reachable") }
    }

    private func disconnected(_ what: String) -> BrokerError {
        let reason = context.map { context in
            withUnsafeBytes(of: &context.pointee.errstr) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).lowercased()
            }
        }
        return BrokerError(.disconnected, "Redis at \(url.shown) \(what): \(reason ?? "closed")")
    }

    private static func withWords(
        _ words: [String],
        _ body: (UnsafeMutablePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int>?) -> Int32
    ) -> Int32 {
        var bytes: [CChar] = []
        for word in words { bytes.append(contentsOf: word.utf8.map { CChar(bitPattern: $0) }) }
        // An empty array may have no address.
        bytes.append(0)
        let lengths = words.map(\.utf8.count)
        return bytes.withUnsafeBufferPointer { buffer in
            var offset = 0
            var pointers = lengths.map { length in
                defer { offset += length }
                return buffer.baseAddress.map { $0 + offset }
            }
            return pointers.withUnsafeMutableBufferPointer { pointers in
                lengths.withUnsafeBufferPointer { body(pointers.baseAddress, $0.baseAddress) }
            }
        }
    }
}
#endif
