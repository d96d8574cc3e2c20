import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient

extension Queue {
    struct QueueSend: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "send",
            abstract: "Send a message to a queue, or one for each line of a file.",
            discussion: """
                A message is a file, - for the standard input, or --data; its id is printed once \
                it is durable. With --lines each line is a message of its own, in JSON; lines go \
                in batches as they are read. When that breaks off, it says how many lines are \
                durable, and --skip goes on behind them. With --id, sending the same again \
                enqueues nothing twice: with --lines each line is marked ID:NUMBER.

                EXAMPLES:
                  faas queue send patients patient.json
                  faas queue send patients --data '{"age": 61}' --delay 10m
                  faas queue send patients --lines patients.ndjson --id import-7
                  tail -f events.ndjson | faas queue send events --lines -
                  faas queue send patients --lines patients.ndjson --skip 120000
                """
        )

        @Argument(
            help: QueueArgument.help,
            completion: QueueArgument.completion,
            transform: QueueArgument.parse
        )
        var name: QueueName

        @Argument(
            help: "A file with the message, or - for the standard input.",
            completion: .file()
        )
        var file: String?

        @Option(name: .shortAndLong, help: "The message itself, usually JSON.")
        var data: String?

        @Option(help: "A file with one JSON message a line, or -.", completion: .file())
        var lines: String?

        @Option(help: "With --lines: how many lines to pass over first.")
        var skip = 0

        @Option(help: "Deliver messages of this group in their order, one at a time.")
        var group: String?

        @Option(help: "How long to hold it back, such as 10s.", transform: TimeSpanArgument.parse)
        var delay: TimeSpan?

        @Option(help: "A mark: a message with one that was seen before is not enqueued again.")
        var id: String?

        @Option(help: "The message's content type; told from the file's name, or JSON.")
        var contentType: String?

        @OptionGroup var gateway: GatewayOptions
        @OptionGroup var options: OutputOptions

        func validate() throws {
            guard [file, data, lines].compactMap(\.self).count == 1 else {
                throw ValidationError("give what to send once: a file, -, --data or --lines")
            }
            guard lines != nil || skip == 0 else {
                throw ValidationError("--skip goes with --lines only")
            }
            guard lines == nil || contentType == nil else {
                throw ValidationError("--lines sends JSON and goes with no --content-type")
            }
            guard skip >= 0 else { throw ValidationError("--skip must be 0 or more") }
            guard group == nil || delay == nil else {
                throw ValidationError(
                    "a message of a group cannot be held back: --group or --delay"
                )
            }
            let fields = [("--group", group), ("--id", id), ("--content-type", contentType)]
            for (option, value) in fields {
                guard let value else { continue }
                guard !value.isEmpty, value.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) else {
                    throw ValidationError(
                        "\(option) is empty or has a character that no header field may have"
                    )
                }
            }
        }

        func run() throws {
            if let lines { return try sendLines(of: lines) }
            let opened = try file.flatMap { $0 == "-" ? nil : try InputFile(path: $0) }
            defer { opened?.close() }
            let body: RequestBody =
                if let data { .bytes(Array(data.utf8)) } else {
                    opened?.body ?? .descriptor(Console.current.input, bytes: nil)
                }
            let guessed = file == "-" ? nil : file.map(InputFile.contentType)
            let message = QueueMessage(
                body: body,
                contentType: contentType ?? guessed ?? MediaType.json,
                group: group,
                delay: delay,
                deduplicationID: id
            )
            let receipt = try gateway.client().send(message, to: name)
            try options.write(receipt) { _ in receipt.ids.map { "\($0)\n" }.joined() }
            if receipt.duplicates > 0, options.output == .table {
                Console.current.writeError("it was there already, and is not enqueued again\n")
            }
        }

        private func sendLines(of path: String) throws {
            let console = Console.current
            let opened = path == "-" ? nil : try InputFile(path: path)
            defer { opened?.close() }
            let marks = LineMarks(id: id, group: group, delay: delay)
            // A batch that is on its way is let arrive, so that what is durable is known.
            let client = try gateway.client(isCancellable: false)
            var sending = try LineSending(
                to: name,
                path: path,
                source: LineSource(
                    descriptor: opened?.descriptor ?? console.input,
                    name: path == "-" ? "the standard input" : path,
                    batcher: LineBatcher(skip: skip),
                    isCancelled: { Interruption.isRequested }
                ),
                skip: skip,
                marks: marks,
                client: client,
                console: console
            )
            // What was sent is said also when it broke off.
            defer {
                let summary = sending.summary
                try? options.write(summary) { _ in "\(summary)\n" }
            }
            try sending.run()
        }
    }
}
