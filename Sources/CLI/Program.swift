import ArgumentParser
import GatewayClient
import Packaging

/// Runs a command line and says how it went.
package enum Program {
    package static let version = "0.1.0"

    /// The exit status for arguments without the program's name, after all output is written.
    package static func run(_ arguments: [String]) -> Int32 {
        do {
            var command = try Faas.parseAsRoot(arguments)
            try command.run()
            return CommandFailure.Status.done.rawValue
        } catch let error as CommandFailure {
            return report(error, arguments)
        } catch let error as ClientError {
            return report(CommandFailure(error), arguments)
        } catch let error as PackagingError {
            return report(CommandFailure(error), arguments)
        } catch {
            return reportParsing(error, arguments)
        }
    }

    /// Help, a version or a completion script on the one hand; wrong usage on the other.
    private static func reportParsing(_ error: any Error, _ arguments: [String]) -> Int32 {
        let code = Faas.exitCode(for: error)
        if code == .success {
            Console.current.write(Faas.fullMessage(for: error) + "\n")
            return CommandFailure.Status.done.rawValue
        }
        guard code == .validationFailure else {
            return report(CommandFailure(.refused, "\(error)"), arguments)
        }
        let usage = Faas.fullMessage(for: error).split(separator: "\n")
            .filter { $0.hasPrefix("Usage:") || $0.contains("--help' for more information") }
            .map { String($0.drop { $0 == " " }) }
        let nearest = SubcommandNames.nearest(to: arguments).map { "did you mean `\($0)`?" }
        let help =
            usage.isEmpty ? "`faas --help` shows the commands" : usage.joined(separator: ". ")
        return report(
            CommandFailure(
                .usage,
                Faas.message(for: error),
                advice: nearest.map { "\($0) \(help)" } ?? help
            ),
            arguments
        )
    }

    private static func report(_ failure: CommandFailure, _ arguments: [String]) -> Int32 {
        Console.current.report(failure, asJSON: OutputOptions.asksForJSON(arguments))
        return failure.status.rawValue
    }
}
