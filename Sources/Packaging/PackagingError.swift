/// What stops a function folder from becoming a bundle, or a bundle from becoming a folder.
package struct PackagingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of error; stable, and open for more.
    package struct Code: RawRepresentable, Sendable, Hashable {
        package let rawValue: String

        package init(rawValue: String) { self.rawValue = rawValue }

        /// `function.yaml` has faults; ``PackagingError/faults`` lists all of them.
        package static let manifestInvalid = Code(rawValue: "manifestInvalid")
        /// `requirements.txt` has faults; ``PackagingError/faults`` lists all of them.
        package static let requirementsInvalid = Code(rawValue: "requirementsInvalid")
        /// A pattern of `.faasignore` can't be honoured.
        package static let ignoreInvalid = Code(rawValue: "ignoreInvalid")
        /// A file that every function needs is missing, or two contradict each other.
        package static let folderInvalid = Code(rawValue: "folderInvalid")
        /// Something in the folder can't go into a bundle: a device, a link that leads out of it.
        package static let entryRefused = Code(rawValue: "entryRefused")
        /// A limit of ``BundleLimits`` is exceeded.
        package static let limitExceeded = Code(rawValue: "limitExceeded")
        /// The archive is damaged, or made to do harm.
        package static let archiveInvalid = Code(rawValue: "archiveInvalid")
        /// The folder to unpack into is there already.
        package static let destinationExists = Code(rawValue: "destinationExists")
        /// A sample or an answer is not the JSON that it must be.
        package static let sampleInvalid = Code(rawValue: "sampleInvalid")
        /// The operating system refused; ``PackagingError/cause`` has its reason.
        package static let fileSystem = Code(rawValue: "fileSystem")
    }

    package let code: Code
    /// For the person who must act; one line.
    package let message: String
    /// Every fault of the file that the error is about; empty when it is about no file's text.
    package let faults: [FileFault]
    /// What a lower layer said.
    package let cause: String?

    package init(
        _ code: Code,
        _ message: String,
        faults: [FileFault] = [],
        cause: String? = nil
    ) {
        self.code = code
        self.message = message
        self.faults = faults
        self.cause = cause
    }

    package var description: String {
        let head = cause.map { "\(message): \($0)" } ?? message
        return ([head] + faults.map { "  \($0)" }).joined(separator: "\n")
    }
}
