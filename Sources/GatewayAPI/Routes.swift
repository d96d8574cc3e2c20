package import Functions

/// The paths of the gateway's routes.
package enum Routes {
    package static let functions = "/v1/functions"
    package static let queues = "/v1/queues"
    package static let schedules = "/v1/schedules"
    package static let pushes = "/v1/pushes"
    package static let repositories = "/v1/repositories"
    package static let usage = "/v1/usage"
    package static let pools = "/v1/pools"
    package static let node = "/v1/node"
    package static let liveness = "/healthz"
    package static let readiness = "/readyz"
    package static let metrics = "/metrics"

    package static func function(_ name: FunctionName) -> String { "\(functions)/\(name)" }
    package static func logs(of name: FunctionName) -> String { "\(functions)/\(name)/logs" }
    package static func revisions(of name: FunctionName) -> String {
        "\(function(name))/revisions"
    }
    package static func bundle(_ number: Int, of name: FunctionName) -> String {
        "\(revisions(of: name))/\(number)/bundle"
    }
    package static func traffic(of name: FunctionName) -> String { "\(function(name))/traffic" }
    package static func rollback(_ name: FunctionName) -> String { "\(function(name))/rollback" }
    package static func promote(_ name: FunctionName) -> String { "\(function(name))/promote" }
    package static func push(_ id: String) -> String { "\(pushes)/\(id)" }
    package static func apply(_ id: String) -> String { "\(push(id))/apply" }
    package static func repository(_ name: FunctionName) -> String { "\(repositories)/\(name)" }
    package static func invocation(_ id: InvocationID) -> String { "/v1/invocations/\(id)" }
    package static func result(_ id: InvocationID) -> String { "\(invocation(id))/result" }
    package static func invoke(_ name: FunctionName) -> String { "/function/\(name)" }
    package static func invokeAsync(_ name: FunctionName) -> String { "/async-function/\(name)" }
    package static func queue(_ name: QueueName) -> String { "\(queues)/\(name)" }
    package static func queueMessages(_ name: QueueName) -> String { "\(queue(name))/messages" }
    package static func dead(_ name: QueueName) -> String { "\(queue(name))/dead" }
    package static func redrive(_ name: QueueName) -> String { "\(queue(name))/redrive" }
    package static func purge(_ name: QueueName) -> String { "\(queue(name))/purge" }
}
