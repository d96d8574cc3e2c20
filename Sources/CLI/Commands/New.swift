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
            """
    )

    @Argument(help: "The function's name.", transform: FunctionArgument.parse)
    var name: FunctionName

    @Option(help: "Where to make it; ./NAME when not given.", completion: .directory)
    var folder: String?

    func run() throws {
        let folder = self.folder ?? name.description
        let template = FunctionTemplate(name: name)
        try template.write(into: folder)
        let console = Console.current
        for file in template.files { console.write("made \(folder)/\(file.name)\n") }
        console.write("\nDeploy it with: \(console.paint.bold("faas deploy \(folder)"))\n")
    }
}
