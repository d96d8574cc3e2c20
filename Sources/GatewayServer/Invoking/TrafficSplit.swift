package import Functions
import NIOHTTP1
import Rollouts
import RuntimeProtocol

/// The routes of a function's revisions that take traffic, and which of them an invocation takes.
///
/// Immutable: a change of traffic puts another in its place.
package final class TrafficSplit: Sendable {
    package let traffic: Traffic
    /// As in `traffic.parts`: newest first.
    package let routes: [Route]
    /// Of the revision that others are measured by.
    package let primary: Route
    private let chooser: TrafficChooser
    /// One takes all, but for what names another.
    private let whole: Route?

    /// `routes` are of the same revisions as `traffic.parts`, in the same order.
    package init(_ traffic: Traffic, routes: [Route]) {
        precondition(traffic.parts.map(\.number) == routes.map(\.revision.number))
        self.traffic = traffic
        self.routes = routes
        guard let primary = routes.first(where: { $0.revision.number == traffic.primary }) else {
            preconditionFailure("traffic has the part that it measures others by")
        }
        self.primary = primary
        chooser = TrafficChooser(traffic.parts)
        whole = zip(traffic.parts, routes).first { $0.0.share == .all }?.1
    }

    /// All to one revision.
    package convenience init(_ route: Route) {
        self.init(Traffic(whole: route.revision.number), routes: [route])
    }

    /// The newest revision that takes traffic without being named.
    var newest: Route? {
        zip(traffic.parts, routes).first { $0.0.share > .none }?.1
    }

    package func route(number: Int) -> Route? {
        routes.first { $0.revision.number == number }
    }

    /// What an event takes, by chance.
    package func route(random: UInt64) -> Route {
        whole ?? route(number: chooser.number(random: random)) ?? primary
    }

    /// What a request takes: the revision it names, the one its key falls to, or one by chance.
    ///
    /// - Returns: nil when it names a revision by header that is not in the traffic. A cookie may
    ///   be of another day, so that it is passed over then.
    func route(for wish: RevisionWish, random: () -> UInt64) -> Route? {
        if let text = wish.revision { return Int(text).flatMap { route(number: $0) } }
        if routes.count == 1 { return primary }
        for cookie in wish.cookies {
            if let text = CookieHeader.value(of: TrafficCookie.revision, in: cookie),
                let route = Int(text).flatMap({ route(number: $0) })
            {
                return route
            }
        }
        if let whole { return whole }
        let key =
            wish.stickyKey.map { $0[...] }
            ?? wish.cookies.lazy.compactMap {
                CookieHeader.value(of: TrafficCookie.stickyKey, in: $0)
            }.first
        guard let key else { return route(random: random()) }
        return route(number: chooser.number(sticky: StickyKey.hash(of: key))) ?? primary
    }
}

/// What a request's header fields say of the revision that is to serve it.
struct RevisionWish {
    var revision: String?
    var stickyKey: String?
    var cookies: [String] = []

    /// Any will do.
    init() {}

    init(_ headers: HTTPHeaders) {
        revision = headers.first(name: TrafficHeader.revision)?.withoutTrailingBlanks
        stickyKey = headers.first(name: TrafficHeader.stickyKey)?.withoutTrailingBlanks
        cookies = headers["cookie"]
    }

    /// From fields of which each comes once, with names in small letters.
    init(_ meta: FrameMeta) {
        for (name, value) in meta.pairs {
            switch name {
            case "x-revision": revision = value
            case "x-sticky-key": stickyKey = value
            case "cookie": cookies = [value]
            default: break
            }
        }
    }
}

/// Header fields by which a request says what should serve it.
enum TrafficHeader {
    /// A revision's number.
    static let revision = "X-Revision"
    /// Requests with the same key are served by the same revision, while shares only grow.
    static let stickyKey = "X-Sticky-Key"
}

/// Cookies that say the same.
enum TrafficCookie {
    static let revision: StaticString = "X-Revision"
    static let stickyKey: StaticString = "X-Sticky-Key"
}
