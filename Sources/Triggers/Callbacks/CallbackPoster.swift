import CCurlShim
import Functions
import GatewayServer
import Glibc
package import Logging
package import NIOPosix
package import Storage
import Synchronization

/// Posts the answers of asynchronous invocations to the URLs that their callers gave.
///
/// Each is a signed CloudEvent 1.0: `CallbackEvent` says what it holds, `CallbackSignature` how it
/// is signed, `CallbackURL` what a URL may be, and `NetworkAddress` where none may lead. When
/// it is tried again, and how often, is for the caller to decide.
package final class CallbackPoster: Sendable {
    private struct Post: Sendable {
        let callback: StoredCallback
        let done: @Sendable (_ isDone: Bool) -> Void
    }

    private struct State {
        var running = 0
        var waiting: [Post] = []
    }

    private let signature: CallbackSignature
    private let source: String
    private let threads: NIOThreadPool
    private let limits: CallbackLimits
    private let logger: Logger
    private let state = Mutex(State())
    private let isStopping = Atomic(false)

    /// Signs with `secret`; `source` comes before `/function/NAME` in the events' `source`, and may
    /// be empty.
    ///
    /// `threads` run the posts, which block them: up to `limits.postsMax` at once.
    package init(
        secret: [UInt8],
        source: String,
        threads: NIOThreadPool,
        logger: Logger,
        limits: CallbackLimits = CallbackLimits()
    ) {
        signature = CallbackSignature(secret: secret)
        self.source = source
        self.threads = threads
        self.limits = limits
        self.logger = logger
    }

    /// Why `url` cannot be a callback's URL, for the person who gave it; nil when it can.
    ///
    /// A name is judged when the connection is made, by the address it then has.
    package static func refusal(of url: String) -> String? {
        switch CallbackURL.read(url) {
        case .url(let url): url.refusal
        case .refused(let reason): reason
        }
    }

    /// Posts an answer once, and says whether that is done with.
    ///
    /// It is when it was delivered, and when it never will be, which is a warning in the log. Else
    /// it is worth another try.
    ///
    /// `done` is called once, on one of the threads, or before this returns.
    package func post(
        _ callback: StoredCallback,
        done: @escaping @Sendable (_ isDone: Bool) -> Void
    ) {
        let post = Post(callback: callback, done: done)
        let (isRefused, isNext) = state.withLock { state in
            if isStopping.load(ordering: .relaxed) { return (true, false) }
            if state.running < limits.postsMax {
                state.running += 1
                return (false, true)
            }
            guard state.waiting.count < limits.waitingMax else { return (true, false) }
            state.waiting.append(post)
            return (false, false)
        }
        if isRefused { done(false) }
        if isNext { submit(post) }
    }

    /// Ends soon, because the gateway does: what waits is to be tried again, and what runs is
    /// broken off within about a second.
    package func stop() {
        isStopping.store(true, ordering: .relaxed)
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for post in waiting { post.done(false) }
    }

    private func submit(_ post: Post) {
        threads.submit { [self] state in
            post.done(state == .active ? isDone(post.callback) : false)
            if let next = nextPost() { submit(next) }
        }
    }

    private func nextPost() -> Post? {
        state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.running -= 1
            return nil
        }
    }
}

// MARK: - One try

extension CallbackPoster {
    private func isDone(_ callback: StoredCallback) -> Bool {
        let url: CallbackURL
        switch CallbackURL.read(callback.url) {
        case .url(let read): url = read
        case .refused(let reason):
            note("a callback was given up", .warning, reason, callback, origin: nil)
            return true
        }
        switch verdict(callback, to: url) {
        case .delivered: return true
        case .hopeless(let reason):
            note("a callback was given up", .warning, reason, callback, origin: url.origin)
            return true
        case .again(let reason):
            note("a callback did not arrive", .info, reason, callback, origin: url.origin)
            return false
        }
    }

    private func verdict(_ callback: StoredCallback, to url: CallbackURL) -> CallbackVerdict {
        if let reason = url.refusal { return .hopeless(reason) }
        let content = CallbackEvent(callback, source: source).content(url.mode)
        let signed = signature.fields(
            id: callback.answer.id.description,
            unixSeconds: Clock.wallMicros() / 1_000_000,
            body: content.body
        )
        guard let signed else { return .again("libcrypto has no HMAC-SHA256") }
        let exchange = CallbackExchange(
            to: url,
            fields: content.fields + signed,
            body: content.body,
            limits: limits,
            isStopping: { self.isStopping.load(ordering: .relaxed) }
        )
        return exchange.run()
    }

    private func note(
        _ message: Logger.Message,
        _ level: Logger.Level,
        _ reason: String,
        _ callback: StoredCallback,
        origin: String?
    ) {
        logger.log(
            level: level,
            message,
            metadata: [
                "id": "\(callback.answer.id)",
                "function": "\(callback.answer.function)",
                "to": "\(origin ?? "?")",
                "tries": "\(callback.tries + 1)",
                "reason": "\(reason)",
            ]
        )
    }
}
