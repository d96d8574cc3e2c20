import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

/// What commands that take a function's name share.
enum FunctionArgument {
    /// Names of deployed functions, asked of the gateway; nothing when it does not answer at once.
    static let completion = CompletionKind.custom { _, _, prefix in
        let names = try? quickClient()?.functions().map(\.name)
        return (names ?? []).filter { $0.hasPrefix(prefix) }
    }

    /// One that gives up after a moment; nil when FAAS_URL is no URL.
    static func quickClient() -> GatewayClient? {
        guard
            var configuration = try? ClientConfiguration(
                environment: Console.current.environment
            )
        else { return nil }
        configuration.connectTimeoutMillis = 500
        configuration.requestTimeoutMillis = 1000
        return GatewayClient(configuration: configuration)
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
