import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers

/// Which methods a path takes, for the answer to one that it does not.
final class KnownRoutes: Sendable {
    private struct Route: Sendable {
        let path: RouterPath
        let method: String
    }

    private let routes = NIOLockedValueBox<[Route]>([])

    /// To be told once, before anything is served.
    func learn(_ routes: [Router<BasicRequestContext>.RouteDescription]) {
        let learned = routes.map { Route(path: $0.path, method: $0.method.rawValue) }
        self.routes.withLockedValue { $0 = learned }
    }

    /// In alphabetical order; none for a path that no route has.
    func methods(of path: String) -> [String] {
        let words = path.split(separator: "/")
        return routes.withLockedValue { $0 }
            .filter { Self.fits($0.path.components, words) }
            .map(\.method)
            .sorted()
    }

    private static func fits(_ path: [RouterPath.Element], _ words: [Substring]) -> Bool {
        path.count == words.count && zip(path, words).allSatisfy { $0 ~= $1 }
    }
}
