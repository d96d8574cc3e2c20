import FoundationEssentials
import Functions
import GatewayAPI
import Instances
import NIOCore
import Pooling
import RuntimeProtocol

/// What the client is told when an invocation did not end in an answer of the handler's.
extension Problem {
    init(_ reason: RejectReason, route: Route) {
        switch reason {
        case .queueFull:
            self.init(
                .queueFull,
                detail: "\(route.revision.manifest.scale.queue) invocations of "
                    + "\(route.functionName) are waiting already (scale.queue).",
                retryAfterSeconds: 1
            )
        case .draining:
            self.init(
                .draining,
                detail: "\(route.functionName) is being replaced or removed.",
                retryAfterSeconds: 1
            )
        case .startFailed(let failure, let retryAfterNanos):
            self.init(
                .notReady,
                detail: "\(route.functionName) could not be started: \(failure.message)",
                retryAfterSeconds: max(1, Int(retryAfterNanos / 1_000_000_000))
            )
        }
    }

    init(instanceEnd end: InstanceEnd, route: Route) {
        switch end {
        case .outOfMemory:
            self.init(
                .outOfMemory,
                detail: "The instance needed more memory than its limit of "
                    + "\(route.memoryMiB) MiB (limits.memory)."
            )
        default:
            self.init(
                .instanceDied,
                detail: "The instance died during the invocation: \(end)."
            )
        }
    }

    init(_ code: InvocationFailureCode, failure body: ByteBuffer, route: Route) {
        let failure = FailureMessage(body)
        let message = failure?.message ?? "no reason given"
        switch code {
        case .inputInvalid: self.init(.inputInvalid, detail: message)
        case .outputInvalid: self.init(.outputInvalid, detail: message)
        case .cancelled: self.init(.cancelled, detail: message)
        case .outOfMemory:
            self.init(
                .outOfMemory,
                detail: "\(message) (limits.memory is \(route.memoryMiB) MiB)"
            )
        case .handlerRaised:
            let type = failure?.type.map { "\($0): " } ?? ""
            self.init(.handlerRaised, detail: type + message)
        }
    }
}

extension FailureMessage {
    init?(_ body: ByteBuffer) {
        guard
            let message = try? JSONDecoder().decode(
                FailureMessage.self,
                from: Data(body.readableBytesView)
            )
        else { return nil }
        self = message
    }
}

extension RejectReason {
    var metric: RouteMetrics.Rejection {
        switch self {
        case .queueFull: .queueFull
        case .draining: .draining
        case .startFailed: .notReady
        }
    }
}
