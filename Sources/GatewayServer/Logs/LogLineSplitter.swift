import FoundationEssentials
import Functions
import GatewayAPI
import RuntimeProtocol

/// Makes log lines of what was queued.
struct LogLineSplitter {
    let lineBytesMax: Int

    /// Calls `body` with each line of a text, in order.
    func lines(
        of entry: LogQueue.Entry,
        text: ArraySlice<UInt8>,
        _ body: (LogLine) -> Void
    ) {
        var line = LogLine(
            atMicros: entry.atMicros,
            invocation: entry.invocation?.description,
            instance: entry.instance.map { "\(entry.function)-\(entry.number)/\($0)" },
            level: .info,
            text: ""
        )
        switch entry.kind {
        case .lines(let level):
            line.level = LogLevel(rawValue: level) ?? .info
            split(text) {
                line.text = $0
                body(line)
            }
        case .failure(let code, let isInputFault):
            line.level = isInputFault ? .warning : .error
            for words in Self.words(of: text, code: code, hasTraceback: !isInputFault) {
                split(words[...]) {
                    line.text = $0
                    body(line)
                }
            }
        }
    }

    /// The message of a failure and, after it, its traceback.
    private static func words(
        of body: ArraySlice<UInt8>,
        code: String,
        hasTraceback: Bool
    ) -> [[UInt8]] {
        guard let failure = try? JSONDecoder().decode(FailureMessage.self, from: Data(body)) else {
            return [Array("the handler failed: \(code)".utf8)]
        }
        let type = hasTraceback ? failure.type.map { $0.isEmpty ? "" : "\($0): " } ?? "" : ""
        let message = Array("\(type)\(failure.message)".utf8)
        guard hasTraceback, let traceback = failure.traceback, !traceback.isEmpty else {
            return [message]
        }
        // Python ends a traceback with the message, which stands first here.
        var trace = Array(traceback.utf8)
        while trace.last == UInt8(ascii: "\n") { trace.removeLast() }
        if trace.count >= message.count, trace.suffix(message.count) == message[...] {
            trace.removeLast(message.count)
        }
        return trace.isEmpty ? [message] : [message, trace]
    }

    /// Line breaks are `\n` or `\r\n`; what follows the last one is a line too.
    private func split(_ text: ArraySlice<UInt8>, _ body: (String) -> Void) {
        var rest = text
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            var line = rest[..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            body(cut(line))
            rest = end < rest.endIndex ? rest[(end + 1)...] : []
        }
    }

    /// Bytes that are no UTF-8 become U+FFFD.
    private func cut(_ line: ArraySlice<UInt8>) -> String {
        guard line.count > lineBytesMax else { return String(decoding: line, as: UTF8.self) }
        var kept = line.prefix(lineBytesMax)
        // Not in the middle of a character, which has at most 3 bytes after its first.
        for _ in 0..<3 where line[kept.endIndex] & 0xC0 == 0x80 && !kept.isEmpty {
            kept.removeLast()
        }
        return "\(String(decoding: kept, as: UTF8.self)) [\(line.count - kept.count) bytes cut]"
    }
}
