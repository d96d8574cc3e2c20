import ArgumentParser
import Packaging

/// Looks for what a mistyped command was meant to be.
enum SubcommandNames {
    /// The command as it is written, such as `faas queue send`; nil when each word that names a
    /// command is one, or nothing is near.
    static func nearest(to arguments: [String]) -> String? {
        var command: any ParsableCommand.Type = Faas.self
        var path = "faas"
        for word in arguments {
            let subcommands = command.configuration.subcommands
            guard !subcommands.isEmpty, !word.hasPrefix("-") else { return nil }
            guard let next = subcommands.first(where: { names(of: $0).contains(word) }) else {
                let candidates = subcommands.map { name(of: $0) }
                return NearestWord.of(word, among: candidates).map { "\(path) \($0)" }
            }
            command = next
            path += " \(word)"
        }
        return nil
    }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [name(of: command)] + command.configuration.aliases
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? "\(command)".lowercased()
    }
}
