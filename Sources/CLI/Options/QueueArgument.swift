import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

/// What commands that take a queue's name share.
enum QueueArgument {
    static let help: ArgumentHelp = "The queue's name."

    /// Names of queues, asked of the gateway; nothing when it does not answer at once.
    static let completion = CompletionKind.custom { _, _, prefix in
        let names = try? FunctionArgument.quickClient()?.queues().map(\.name)
        return (names ?? []).filter { $0.hasPrefix(prefix) }
    }

    static func parse(_ text: String) throws -> QueueName {
        guard let name = QueueName(text) else {
            throw ValidationError(
                "`\(text)` is no queue name: 1 to \(QueueName.lengthMax) of a-z, 0-9, -, _ and ., "
                    + "with no - at either end"
            )
        }
        return name
    }
}
