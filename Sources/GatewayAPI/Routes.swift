package import Functions

/// The paths of the gateway's routes.
package enum Routes {
    package static let functions = "/v1/functions"
    package static let usage = "/v1/usage"
    package static let pools = "/v1/pools"
    package static let node = "/v1/node"
    package static let liveness = "/healthz"
    package static let readiness = "/readyz"
    package static let metrics = "/metrics"

    package static func function(_ name: FunctionName) -> String { "\(functions)/\(name)" }
    package static func logs(of name: FunctionName) -> String { "\(functions)/\(name)/logs" }
    package static func invocation(_ id: InvocationID) -> String { "/v1/invocations/\(id)" }
    package static func invoke(_ name: FunctionName) -> String { "/function/\(name)" }
}
