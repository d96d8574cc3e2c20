import Foundation
import NIOCore
import RuntimeProtocol
import Testing

/// One entry of `runtime/golden/frames.json`, with the bytes of its file.
struct GoldenFrame: Sendable, CustomTestStringConvertible {
    private struct Table: Decodable {
        let frames: [Entry]
    }

    private struct Entry: Decodable {
        let name: String
        let file: String
        let valid: Bool
        let kind: UInt8?
        let flags: UInt8?
        let stream: UInt32?
        let value: UInt32?
        let meta: [[String]]?
        let body: String?
        let bodyBase64: String?
        let reason: String?
    }

    let name: String
    let bytes: ByteBuffer
    /// What the table says that the bytes are; nil when they are no frame.
    let frame: Frame?
    let reason: String

    var testDescription: String { name }

    static let all: [GoldenFrame] = {
        do { return try read() } catch { preconditionFailure("the golden frames: \(error)") }
    }()

    static let valid = all.filter { $0.frame != nil }
    static let cutOff = all.filter { $0.name.hasPrefix("truncated") }
    static let malformed = all.filter { $0.frame == nil && !$0.name.hasPrefix("truncated") }

    private static func read() throws -> [GoldenFrame] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = root.appending(path: "runtime/golden")
        let table = try JSONDecoder().decode(
            Table.self,
            from: Data(contentsOf: folder.appending(path: "frames.json"))
        )
        return try table.frames.map { entry in
            GoldenFrame(
                name: entry.name,
                bytes: ByteBuffer(bytes: try Data(contentsOf: folder.appending(path: entry.file))),
                frame: entry.valid ? try frame(entry) : nil,
                reason: entry.reason ?? ""
            )
        }
    }

    private static func frame(_ entry: Entry) throws -> Frame {
        let body = entry.bodyBase64.flatMap { Data(base64Encoded: $0) }
        let meta = try #require(entry.meta).map { (name: $0[0], value: $0[1]) }
        let kind = try #require(entry.kind.flatMap(FrameKind.init))
        return Frame(
            kind,
            isEnd: try #require(entry.flags) == 1,
            stream: try #require(entry.stream),
            value: try #require(entry.value),
            meta: FrameMeta(meta),
            body: ByteBuffer(bytes: body ?? Data((entry.body ?? "").utf8))
        )
    }
}
