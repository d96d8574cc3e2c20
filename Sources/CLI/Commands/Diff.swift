import ArgumentParser
import Functions
import GatewayClient
import Packaging

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare the files of two revisions.",
        discussion: """
            Fetches both bundles and shows what `git diff` says of them; where there is no git, \
            what `diff` says.

            EXAMPLES:
              faas diff hello 3 4
              faas diff hello 3 4 | less
              faas diff hello 3 4 -o json       the files that differ
            """
    )

    @Argument(
        help: "The function's name.",
        completion: FunctionArgument.completion,
        transform: FunctionArgument.parse
    )
    var name: FunctionName

    @Argument(
        help: "A revision's number.",
        completion: RevisionArgument.completion,
        transform: RevisionArgument.parse
    )
    var from: Int

    @Argument(
        help: "Another one's, to compare with it.",
        completion: RevisionArgument.completion,
        transform: RevisionArgument.parse
    )
    var to: Int

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var options: OutputOptions

    /// What `-o json` prints.
    struct Report: Encodable {
        var name: String
        var from: Int
        var to: Int
        var files: [FolderDifference.Change]
    }

    func run() throws {
        let client = try gateway.client()
        let place = try TemporaryFolder()
        defer { place.remove() }
        let old = try fetch(from, into: place, with: client)
        let new = try to == from ? old : fetch(to, into: place, with: client)
        if options.output == .json {
            let files = try FolderDifference.changes(from: old, to: new)
            let report = Report(name: name.description, from: from, to: to, files: files)
            return try Console.current.writeJSON(report)
        }
        guard old.digest != new.digest else {
            return Console.current.writeError("\(name)-\(from) and \(name)-\(to) are the same\n")
        }
        try FolderDifference.show(from: "\(name)-\(from)", to: "\(name)-\(to)", in: place.path)
    }

    /// Unpacks a revision's bundle into a folder that is called as the revision is.
    private func fetch(
        _ number: Int,
        into place: TemporaryFolder,
        with client: GatewayClient
    ) throws -> UnpackedBundle {
        let archive = try OutputFile(path: place.file("\(number).tar"))
        defer { archive.remove() }
        try client.bundle(number, of: name) { (bytes) throws(ClientError) in
            try archive.write(bytes)
        }
        return try Bundle.unpack(file: archive.path, into: place.file("\(name)-\(number)"))
    }
}
