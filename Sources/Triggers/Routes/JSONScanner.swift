/// Finds where JSON values begin and end, without making anything of them: a message's body is
/// kept as the bytes that came.
///
/// Follows RFC 8259, but for two things that are the reader's business: text is not checked to be
/// UTF-8, and a member may come twice.
package struct JSONScanner {
    package struct Fault: Error, Equatable {
        /// From the first byte of the text.
        package var offset: Int
        package var message: String

        package init(offset: Int, message: String) {
            self.offset = offset
            self.message = message
        }
    }

    private let bytes: ArraySlice<UInt8>
    private var at: Int
    private var depth = 0

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        at = bytes.startIndex
    }

    /// The one value that the text is, without the space around it.
    package mutating func whole() throws(Fault) -> ArraySlice<UInt8> {
        let value = try value()
        try end()
        return value
    }

    /// Nothing but space comes next.
    package mutating func end() throws(Fault) {
        skipSpace()
        guard at == bytes.endIndex else { throw fault("something follows the value") }
    }

    /// The elements of the array that comes next.
    package mutating func elements() throws(Fault) -> [ArraySlice<UInt8>] {
        var elements: [ArraySlice<UInt8>] = []
        try members(of: UInt8(ascii: "["), UInt8(ascii: "]"), "an array") {
            scanner throws(Fault) in
            elements.append(try scanner.value())
        }
        return elements
    }

    /// The members of the object that comes next; names are without quotes and as they came.
    package mutating func members() throws(Fault) -> [(name: String, value: ArraySlice<UInt8>)] {
        var members: [(name: String, value: ArraySlice<UInt8>)] = []
        try self.members(of: UInt8(ascii: "{"), UInt8(ascii: "}"), "an object") {
            scanner throws(Fault) in
            let name = try scanner.name()
            members.append((name: name, value: try scanner.value()))
        }
        return members
    }

    private mutating func members(
        of first: UInt8,
        _ last: UInt8,
        _ what: String,
        _ member: (inout JSONScanner) throws(Fault) -> Void
    ) throws(Fault) {
        skipSpace()
        guard take(first) else { throw fault("\(what) is wanted here") }
        skipSpace()
        if take(last) { return }
        while true {
            try member(&self)
            skipSpace()
            if take(last) { return }
            guard take(UInt8(ascii: ",")) else { throw fault("a comma is wanted here") }
        }
    }

    private mutating func name() throws(Fault) -> String {
        skipSpace()
        let start = at
        try string()
        let name = String(decoding: bytes[(start + 1)..<(at - 1)], as: UTF8.self)
        skipSpace()
        guard take(UInt8(ascii: ":")) else { throw fault("a colon is wanted here") }
        return name
    }

    private mutating func value() throws(Fault) -> ArraySlice<UInt8> {
        skipSpace()
        let start = at
        guard at < bytes.endIndex else { throw fault("a value is wanted here") }
        switch bytes[at] {
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "{"), UInt8(ascii: "["): try nested()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
        return bytes[start..<at]
    }

    private mutating func nested() throws(Fault) {
        depth += 1
        guard depth <= Self.depthMax else { throw fault("it is nested too deep") }
        if bytes[at] == UInt8(ascii: "{") { _ = try members() } else { _ = try elements() }
        depth -= 1
    }

    private mutating func string() throws(Fault) {
        guard take(UInt8(ascii: "\"")) else { throw fault("a string is wanted here") }
        while at < bytes.endIndex {
            let byte = bytes[at]
            at += 1
            if byte == UInt8(ascii: "\"") { return }
            if byte == UInt8(ascii: "\\") { try escape() }
            if byte < 0x20 { throw fault("a string has a control character in it") }
        }
        throw fault("a string has no end")
    }

    /// What follows a backslash.
    private mutating func escape() throws(Fault) {
        guard at < bytes.endIndex else { throw fault("a string has no end") }
        let byte = bytes[at]
        guard "\"\\/bfnrtu".utf8.contains(byte) else { throw fault("there is no such escape") }
        at += 1
        guard byte == UInt8(ascii: "u") else { return }
        for _ in 0..<4 {
            guard at < bytes.endIndex, Self.isHexadecimal(bytes[at]) else {
                throw fault("four hexadecimal digits are wanted here")
            }
            at += 1
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    private mutating func word(_ word: StaticString) throws(Fault) {
        for index in 0..<word.utf8CodeUnitCount {
            guard take(word.utf8Start[index]) else { throw fault("\(word) is wanted here") }
        }
    }

    private mutating func number() throws(Fault) {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        guard at < bytes.endIndex, bytes[at] | 0x20 == UInt8(ascii: "e") else { return }
        at += 1
        if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
        try digits()
    }

    private mutating func digits() throws(Fault) {
        let start = at
        while at < bytes.endIndex, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[at]) {
            at += 1
        }
        guard at > start else { throw fault("a value is wanted here") }
    }

    private mutating func skipSpace() {
        while at < bytes.endIndex {
            switch bytes[at] {
            case 0x20, 0x09, 0x0a, 0x0d: at += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.endIndex, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    private func fault(_ message: String) -> Fault {
        Fault(offset: min(at, bytes.endIndex) - bytes.startIndex, message: message)
    }

    private static let depthMax = 128
}
