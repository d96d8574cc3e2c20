import ArgumentParser
import GatewayAPI

/// How a command prints.
struct OutputOptions: ParsableArguments {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case table
        case json
    }

    @Option(name: .shortAndLong, help: "How to print: for people, or raw numbers for programs.")
    var output = Format.table

    /// Prints `value` as JSON, or as `text` makes it.
    func write(_ value: some Encodable, text: (Paint) -> String) throws {
        let console = Console.current
        switch output {
        case .table: console.write(text(console.paint))
        case .json: try console.writeJSON(value)
        }
    }

    /// Whether a command line has `-o json` or the same in other words, also one that is wrong.
    static func asksForJSON(_ arguments: [String]) -> Bool {
        let options = arguments.prefix { $0 != "--" }
        return zip(options, options.dropFirst()).contains { name, value in
            let isShort = name.hasPrefix("-") && !name.hasPrefix("--") && name.hasSuffix("o")
            return value == "json" && (isShort || name == "--output")
        } || options.contains("--output=json") || options.contains("-o=json")
    }
}

extension Console {
    /// Prints `value` as JSON: indented on several lines, or compact on one.
    func writeJSON(_ value: some Encodable, indented: Bool = true) throws {
        let bytes = try JSONCoding.encode(value, indented: indented)
        write(String(decoding: bytes, as: UTF8.self) + "\n")
    }
}
