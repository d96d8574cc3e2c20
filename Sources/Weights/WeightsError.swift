/// Why a model's weights are not on this node.
package struct WeightsError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The manifest's `source` or `sha256` is not one.
        case sourceInvalid
        /// It is one, and nothing is taken from there.
        case sourceRefused
        case unreachable
        /// The server answered that it has no such file, or not for us.
        case answerRefused(status: Int)
        case digestWrong
        case tooLarge
        case diskFull
        /// The data folder, or a file on this host, could not be read or written.
        case fileSystem
        /// The gateway is stopping; what had been fetched is kept.
        case stopped
    }

    package let code: Code
    /// What is wrong and what to do about it; holds no secret of the source.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
