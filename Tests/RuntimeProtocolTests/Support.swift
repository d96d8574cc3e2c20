import NIOCore
import RuntimeProtocol
import TestSupport

extension Frame {
    var bytes: ByteBuffer {
        var buffer = ByteBuffer()
        write(into: &buffer)
        return buffer
    }

    /// A frame with anything in it that the protocol allows.
    static func random(using generator: inout SeededGenerator) -> Frame {
        let kinds = FrameKind.allCases
        return Frame(
            kinds[Int.random(in: kinds.indices, using: &generator)],
            isEnd: Bool.random(using: &generator),
            stream: UInt32.random(in: .min ... .max, using: &generator),
            value: UInt32.random(in: .min ... .max, using: &generator),
            meta: .random(using: &generator),
            body: ByteBuffer(bytes: randomBytes(using: &generator))
        )
    }

    private static func randomBytes(using generator: inout SeededGenerator) -> [UInt8] {
        // Mostly small, now and then larger than a socket's read.
        let largest = Int.random(in: 0..<50, using: &generator) == 0 ? 100_000 : 300
        let count = Int.random(in: 0...largest, using: &generator)
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}

extension FrameMeta {
    static func random(using generator: inout SeededGenerator) -> FrameMeta {
        FrameMeta(randomPairs(using: &generator))
    }

    /// Lines as the protocol has them: lower-case names, values of any text without a line break.
    static func randomPairs(
        using generator: inout SeededGenerator
    ) -> [(name: String, value: String)] {
        (0..<Int.random(in: 0...6, using: &generator)).map { index in
            let isOurs = Bool.random(using: &generator)
            let name = (isOurs ? ":" : "") + "n\(index)-" + letters.randomText(using: &generator)
            return (name, "v" + anything.randomText(using: &generator))
        }
    }

    private static let letters = Array("abcdefghijklmnopqrstuvwxyz-0123456789")
    private static let anything = Array("aZ09 :;,=\"'\\\t{}ßéπ日本🦊\u{0}\u{7f}\u{85}\u{2028}")
}

extension [Character] {
    fileprivate func randomText(using generator: inout SeededGenerator) -> String {
        String(
            (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                self[Int.random(in: indices, using: &generator)]
            }
        )
    }
}

/// Everything that a decoder makes of `pieces`, fed one after another.
func decode(_ pieces: [ByteBuffer]) throws(FrameError) -> [Frame] {
    var decoder = FrameDecoder()
    var frames: [Frame] = []
    for piece in pieces {
        decoder.feed(piece)
        while let frame = try decoder.next() { frames.append(frame) }
    }
    return frames
}
