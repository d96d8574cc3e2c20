import Yams

/// Turns a manifest's text into YAML nodes, safely: the text may come from anybody.
enum ManifestTree {
    /// The root node; nil when faults were noted that leave nothing to read.
    static func compose(_ text: String, faults: ManifestFaults) -> Node? {
        guard text.utf8.count <= ManifestLimits.fileBytesMax else {
            faults.add("the file has more than \(ManifestLimits.fileBytesMax) bytes", at: nil)
            return nil
        }
        guard aliasCount(in: text) <= ManifestLimits.aliasCountMax else {
            faults.add("the file has more than \(ManifestLimits.aliasCountMax) aliases", at: nil)
            return nil
        }
        return parse(text, faults: faults)
    }

    /// Parses, and parses again with duplicate keys told apart, until no duplicate is left.
    private static func parse(_ original: String, faults: ManifestFaults) -> Node? {
        var text = original
        var marked = MarkedText(original)
        while true {
            do {
                let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
                let root = try parser.singleRoot()
                // A node refers to its anchor weakly; the parser holds it.
                return withExtendedLifetime(parser) { inspected(root, faults: faults) }
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let mark = context.mark
                guard let isMarked = marked?.markKey(line: mark.line, column: mark.column),
                    isMarked, let again = marked
                else {
                    let key = MarkedText.unmarked(keys.first ?? "")
                    faults.add("the key '\(key)' is given twice", at: mark)
                    return nil
                }
                text = again.text
                faults.parsedText = again
            } catch {
                let (problem, mark) = explain(error, text: text)
                faults.add(problem, at: mark)
                return nil
            }
        }
    }

    private static func inspected(_ root: Node?, faults: ManifestFaults) -> Node? {
        guard let root else {
            faults.add("the file is empty; it needs at least 'name: NAME'", at: nil)
            return nil
        }
        return inspect(root, faults: faults) ? root : nil
    }

    /// Notes anchors and duplicate keys anywhere in the tree; false when there are anchors.
    ///
    /// An anchored node is not entered: through aliases, a small file can make a huge tree.
    private static func inspect(_ node: Node, faults: ManifestFaults) -> Bool {
        guard node.anchor == nil else {
            faults.add("anchors and aliases are not allowed; write the value out", at: node.mark)
            return false
        }
        switch node {
        case .scalar: return true
        case .alias:
            faults.add("anchors and aliases are not allowed; write the value out", at: node.mark)
            return false
        case .sequence(let items):
            return items.reduce(true) { inspect($1, faults: faults) && $0 }
        case .mapping(let pairs):
            noteDuplicates(in: pairs, faults: faults)
            return pairs.reduce(true) { isSound, pair in
                let isKeySound = inspect(pair.key, faults: faults)
                return inspect(pair.value, faults: faults) && isKeySound && isSound
            }
        }
    }

    private static func noteDuplicates(in pairs: Node.Mapping, faults: ManifestFaults) {
        var firstLines: [String: Int] = [:]
        for pair in pairs {
            guard let scalar = pair.key.scalar else { continue }
            let key = MarkedText.unmarked(scalar.string)
            if let line = firstLines[key] {
                faults.add(
                    "the key '\(key)' is given twice, first on line \(line)",
                    at: scalar.mark
                )
            } else {
                firstLines[key] = scalar.mark?.line ?? 0
            }
        }
    }

    /// Counts what may be an alias; text in quotes counts too, so that it is never too few.
    ///
    /// With more of them, comparing two keys could take time exponential in the file's size.
    private static func aliasCount(in text: String) -> Int {
        var count = 0
        var before: UInt8 = UInt8(ascii: "\n")
        var isStar = false
        for byte in text.utf8 {
            if isStar, isWordByte(byte) { count += 1 }
            isStar = byte == UInt8(ascii: "*") && !isWordByte(before)
            before = byte
        }
        return count
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension ManifestTree {
    private static func explain(_ error: any Error, text: String) -> (String, Mark?) {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let place = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
            let isAtEnd = mark.line > MarkedText.lineCount(of: text)
            let told = isAtEnd ? context?.mark ?? mark : mark
            return ("not YAML: \(problem)\(place)\(hint(at: mark, in: text))", told)
        case YamlError.reader(let problem, _, _, _):
            return ("not YAML: \(problem)", nil)
        default:
            return ("not YAML: \(error)", nil)
        }
    }

    private static func hint(at mark: Mark, in text: String) -> String {
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(mark.line - 1) else { return "" }
        let rest = lines[mark.line - 1].dropFirst(mark.column - 1)
        if rest.first == "\t" { return "; indent with spaces, not tabs" }
        let before = lines[mark.line - 1].prefix(max(0, mark.column - 1)).last
        guard rest.first == "@" || rest.first == "*" || before == "*" else { return "" }
        return "; put quotes around what begins with * or @, such as a cron expression"
    }
}
