import ArgumentParser
import Functions
import GatewayClient

struct Invoke: ParsableCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        /// The answer's bytes.
        case raw
        /// The answer with its status, start kind and timings.
        case json
    }

    static let configuration = CommandConfiguration(
        abstract: "Invoke a function and print its answer.",
        discussion: """
            The input is an object of key=text and key:=json, or --data, or --file, or - for the \
            standard input; without any it is {}. The answer is printed as it arrives.

            EXAMPLES:
              faas invoke hello name=World n:=3
              faas invoke hello --data '{"name": "World"}'
              faas invoke ocr --file receipt.png --timings
              cat receipt.png | faas invoke ocr - --content-type image/png
            """
    )

    @Argument(
        help: "The function's name.",
        completion: FunctionArgument.completion,
        transform: FunctionArgument.parse
    )
    var name: FunctionName

    @Argument(help: "key=text, key:=json, or - for the standard input.")
    var items: [String] = []

    @Option(name: .shortAndLong, help: "The input itself, usually JSON.")
    var data: String?

    @Option(name: .shortAndLong, help: "A file with the input.", completion: .file())
    var file: String?

    @Option(help: "The input's content type; told from the file's name, or application/json.")
    var contentType: String?

    @Flag(help: "Say on the standard error where the time went.")
    var timings = false

    @Option(help: "Seconds to wait at most; the function's own timeout when not given.")
    var timeout: Double?

    @Option(name: .shortAndLong, help: "The answer as it is, or with status and timings as JSON.")
    var output = Format.raw

    @OptionGroup var gateway: GatewayOptions

    func validate() throws {
        let sources = [!items.isEmpty, data != nil, file != nil].filter(\.self).count
        guard sources <= 1 else {
            throw ValidationError("give the input once: as key=text, --data, --file or -")
        }
        guard !items.contains("-") || items.count == 1 else {
            throw ValidationError("- takes the whole input and goes with no key=text")
        }
        guard timeout.map({ $0 > 0 && $0 <= 86_400 }) ?? true else {
            throw ValidationError("--timeout must be above 0 and at most 86400 seconds")
        }
        guard contentType?.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) ?? true else {
            throw ValidationError("--content-type has a character that no header field may have")
        }
    }

    func run() throws {
        let client = try gateway.client()
        let opened = try file.map { try InputFile(path: $0) }
        defer { opened?.close() }
        let body = try opened?.body ?? typedBody()
        let request = InvocationRequest(
            function: name,
            body: body,
            contentType: contentType ?? file.map(InputFile.contentType) ?? "application/json",
            timeoutMillis: timeout.map { Int(($0 * 1000).rounded(.up)) }
        )
        try InvocationPrinter(
            name: name,
            asJSON: output == .json,
            showsTimings: timings,
            console: .current
        ).run(request, with: client)
    }

    private func typedBody() throws -> RequestBody {
        if let data { return .bytes(Array(data.utf8)) }
        if items == ["-"] { return .descriptor(Console.current.input, bytes: nil) }
        return .bytes(try InputItem.object(items))
    }
}
