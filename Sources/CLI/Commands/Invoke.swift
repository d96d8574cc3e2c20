import ArgumentParser
import Functions
import GatewayAPI
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
            standard input; without any it is {}. The answer is printed as it arrives. With \
            --async the invocation is enqueued, and its id printed once that is durable; `faas \
            result ID` prints the answer, or --wait does.

            EXAMPLES:
              faas invoke hello name=World
              faas invoke diabetes --file functions/diabetes/sample.json
              faas invoke fresh name=World times:=3    as `faas new fresh` makes it
              faas invoke hello --data '{"name": "World"}' --revision 4
              faas invoke ocr --file receipt.png --timings
              cat receipt.png | faas invoke ocr - --content-type image/png
              faas invoke train --file rows.csv --async --wait 5m
              faas invoke train --file rows.csv --async --callback https://example.com/done
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

    @Option(
        help: "How long to wait at most, such as 30s; the function's own timeout when not given.",
        transform: TimeSpanArgument.parseSeconds
    )
    var timeout: TimeSpan?

    @Option(
        help: "The number of the revision that is to answer.",
        completion: RevisionArgument.completion,
        transform: RevisionArgument.parse
    )
    var revision: Int?

    @Option(help: "A key: the same one is answered by the same revision.")
    var sticky: String?

    @Option(
        name: [.customShort("H"), .long],
        help: "A header field, as 'Name: value'; may be given again.",
        transform: HeaderArgument.parse
    )
    var header: [(name: String, value: String)] = []

    @Flag(help: "Enqueue it and print its id.")
    var async = false

    @Option(help: "With --async: a URL that the gateway posts the result to.")
    var callback: String?

    @Option(
        defaultAsFlag: ResultWait.spanDefault,
        parsing: .next,
        help: "With --async: how long to wait for the result, such as 30s or 5m."
    )
    var wait: TimeSpan?

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
        guard timeout.map({ (1...86_400_000).contains($0.millis) }) ?? true else {
            throw ValidationError("--timeout must be above 0 and at most 86400 seconds")
        }
        guard sticky.map(HeaderArgument.isValue) ?? true else {
            throw ValidationError(
                "--sticky is empty or has a character that no header field may have"
            )
        }
        guard contentType?.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) ?? true else {
            throw ValidationError("--content-type has a character that no header field may have")
        }
        try validateAsync()
    }

    private func validateAsync() throws {
        guard async || (callback == nil && wait == nil) else {
            throw ValidationError("--callback and --wait go with --async only")
        }
        guard !async || (revision == nil && sticky == nil) else {
            throw ValidationError("--revision and --sticky go without --async only")
        }
        guard !async || wait != nil || !timings else {
            throw ValidationError("--async has no timings to show, unless with --wait")
        }
        guard let callback else { return }
        let isURL = ["http://", "https://"].contains { callback.lowercased().hasPrefix($0) }
        guard isURL, callback.utf8.allSatisfy({ (0x21..<0x7f).contains($0) }) else {
            throw ValidationError("--callback must be a URL that begins with http:// or https://")
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
            timeoutMillis: timeout.map { Int($0.millis) },
            fields: fields
        )
        if async { return try enqueue(request, with: client) }
        try printer(subject: name.description).run { onBody in
            try client.invoke(request, onBody: onBody)
        }
    }

    private var fields: [(name: String, value: String)] {
        var fields = header
        if let revision { fields.append(("X-Revision", String(revision))) }
        if let sticky { fields.append(("X-Sticky-Key", sticky)) }
        return fields
    }

    private func enqueue(_ request: InvocationRequest, with client: GatewayClient) throws {
        let console = Console.current
        let receipt = try client.invokeAsync(request, callbackURL: callback)
        guard wait != nil, let id = InvocationID(receipt.id) else {
            if output == .json { return try console.writeJSON(receipt) }
            return console.write("\(receipt.id)\n")
        }
        try ResultWait(id: id, span: wait).run(
            with: client,
            printer: printer(subject: name.description)
        )
    }

    private func printer(subject: String) -> InvocationPrinter {
        InvocationPrinter(
            subject: subject,
            asJSON: output == .json,
            showsTimings: timings,
            console: .current
        )
    }

    private func typedBody() throws -> RequestBody {
        if let data { return .bytes(Array(data.utf8)) }
        if items == ["-"] { return .descriptor(Console.current.input, bytes: nil) }
        return .bytes(try InputItem.object(items))
    }
}
