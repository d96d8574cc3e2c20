import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

/// What commands that take a repository's name share.
enum RepositoryArgument {
    /// Names of repositories, asked of the gateway; nothing when it does not answer at once.
    static let completion = CompletionKind.custom { _, _, prefix in
        let names = try? FunctionArgument.quickClient()?.repositories().map(\.name)
        return (names ?? []).filter { $0.hasPrefix(prefix) }
    }

    static func parse(_ text: String) throws -> FunctionName {
        guard let name = FunctionName(text) else {
            throw ValidationError(
                "`\(text)` is no repository's name: 1 to \(FunctionName.lengthMax) of a-z, 0-9 "
                    + "and -, with no - at either end"
            )
        }
        return name
    }
}
