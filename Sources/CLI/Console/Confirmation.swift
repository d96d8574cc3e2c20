/// A question before something that cannot be undone.
enum Confirmation {
    /// Asks `question` and throws unless the answer is yes.
    ///
    /// Where nobody can be asked, it wants `command` with `--yes`.
    static func ask(_ question: String, otherwise refusal: String, command: String) throws {
        let console = Console.current
        guard console.isInputTerminal else {
            throw CommandFailure(
                .usage,
                "nobody can be asked: \(question)",
                advice: "say so beforehand: \(command) --yes"
            )
        }
        console.writeError("\(question) [y/N] ")
        let answer = readLine()?.lowercased()
        guard answer == "y" || answer == "yes" else { throw CommandFailure(.refused, refusal) }
    }
}
