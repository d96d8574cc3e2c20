package import Functions
import Glibc
import Packaging

/// The files that a new function begins with; they deploy and answer their sample as they are.
package struct FunctionTemplate: Sendable {
    package var files: [(name: String, text: String)]

    package init(name: FunctionName) {
        files = [
            ("function.yaml", ManifestTemplate.text(name: name)),
            ("handler.py", Self.handler),
            ("sample.json", Self.sample),
            ("sample.expected.json", Self.expected),
        ]
    }

    /// Makes `folder` where it is missing and writes the files into it.
    ///
    /// Throws, and writes nothing, when one of them is there already.
    package func write(into folder: String) throws(CommandFailure) {
        try Self.makeFolder(folder)
        for file in files where access("\(folder)/\(file.name)", F_OK) == 0 {
            throw CommandFailure(
                .refused,
                "\(folder)/\(file.name) is there already",
                advice: "choose another name, or another place with --folder"
            )
        }
        for file in files { try Self.write(file.text, to: "\(folder)/\(file.name)") }
    }

    private static func makeFolder(_ folder: String) throws(CommandFailure) {
        var path = folder.hasPrefix("/") ? "/" : ""
        for part in folder.split(separator: "/") {
            path += part + "/"
            guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
                throw failure("\(path) cannot be made")
            }
        }
    }

    private static func write(_ text: String, to path: String) throws(CommandFailure) {
        guard let file = fopen(path, "wx") else { throw failure("\(path) cannot be made") }
        let isWritten = fputs(text, file) >= 0
        guard fclose(file) == 0, isWritten else { throw failure("\(path) cannot be written") }
    }

    private static func failure(_ message: String) -> CommandFailure {
        CommandFailure(.refused, "\(message): \(String(cString: strerror(errno)))")
    }

    private static let handler = """
        \"\"\"A function to start from: replace the model with yours.\"\"\"


        def load():
            \"\"\"Runs once, before the first invocation: read weights here.\"\"\"
            return {"greeting": "Hello"}


        def predict(model, name: str, times: int = 1) -> dict[str, str]:
            \"\"\"Runs for each invocation; the arguments are the keys of the JSON input.\"\"\"
            return {"text": " ".join([f"{model['greeting']}, {name}!"] * times)}

        """

    private static let sample = """
        {"name": "World", "times": 2}

        """

    private static let expected = """
        {"text": "Hello, World! Hello, World!"}

        """
}
