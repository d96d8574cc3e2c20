import ArgumentParser
import Functions

struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a folder with a function to start from.",
        discussion: """
            The folder gets function.yaml, handler.py, and a sample with its expected answer. \
            Nothing that is there already is overwritten.

            EXAMPLES:
              faas new hello
              faas new hello --folder functions/hello
              faas new hello -o json                 what was made
            """
    )

    @Argument(help: "The function's name.", transform: FunctionArgument.parse)
    var name: FunctionName

    @Option(help: "Where to make it; ./NAME when not given.", completion: .directory)
    var folder: String?

    @OptionGroup var options: OutputOptions

    /// What was made.
    private struct Report: Encodable {
        let name: String
        let folder: String
        let files: [String]
    }

    func validate() throws {
        guard folder?.isEmpty != true else {
            throw ValidationError("--folder must name a folder; . is the one you are in")
        }
    }

    func run() throws {
        let folder = self.folder ?? name.description
        let template = FunctionTemplate(name: name)
        try template.write(into: folder)
        let report = Report(
            name: name.description,
            folder: folder,
            files: template.files.map(\.name)
        )
        try options.write(report) { paint in
            report.files.map { "made \(folder)/\($0)\n" }.joined()
                + "\nDeploy it with: \(paint.bold("faas deploy \(folder)"))\n"
        }
    }
}
