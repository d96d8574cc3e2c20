import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

/// What commands that take a function's name share.
enum FunctionArgument {
    /// Names of deployed functions, asked of the gateway; nothing when it does not answer at once.
    static let completion = CompletionKind.custom { _, _, prefix in
        guard
            var configuration = try? ClientConfiguration(
                environment: Console.current.environment
            )
        else { return [] }
        configuration.connectTimeoutMillis = 500
        configuration.requestTimeoutMillis = 1000
        let names = try? GatewayClient(configuration: configuration).functions().map(\.name)
        return (names ?? []).filter { $0.hasPrefix(prefix) }
    }

    static func parse(_ text: String) throws -> FunctionName {
        guard let name = FunctionName(text) else {
            throw ValidationError(
                "`\(text)` is no function name: 1 to \(FunctionName.lengthMax) of a-z, 0-9 and -, "
                    + "with no - at either end"
            )
        }
        return name
    }
}
