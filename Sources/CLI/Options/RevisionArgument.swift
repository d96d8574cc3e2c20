import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

/// What commands that take a revision's number share.
enum RevisionArgument {
    /// Numbers of the function that stands before it, the newest first.
    static let completion = CompletionKind.custom { words, _, prefix in
        // faas COMMAND NAME NUMBER
        let name = words.dropFirst(2).lazy.filter { !$0.hasPrefix("-") }
            .compactMap(FunctionName.init).first
        guard let name, let client = FunctionArgument.quickClient() else { return [] }
        let numbers = try? client.revisions(of: name).map { String($0.number) }
        return (numbers ?? []).filter { $0.hasPrefix(prefix) }
    }

    static func parse(_ text: String) throws -> Int {
        guard let number = number(text) else {
            throw ValidationError("`\(text)` is no revision's number: write 4 for NAME-4")
        }
        return number
    }

    /// `4=95`, `4=95%` or `4=0.5%`.
    static func parsePart(_ text: String) throws -> Functions.Traffic.Part {
        let sides = text.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2, let number = number(sides[0]),
            let share = Share(text: String(sides[1]))
        else {
            throw ValidationError(
                "`\(text)` is no part of the traffic: write a revision's number and its percent, "
                    + "as in 4=95 or 4=0.5%"
            )
        }
        return Functions.Traffic.Part(number: number, share: share)
    }

    private static func number(_ text: some StringProtocol) -> Int? {
        guard let number = Int(text), number > 0, text.first != "+" else { return nil }
        return number
    }
}
