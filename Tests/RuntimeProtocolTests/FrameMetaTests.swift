import NIOCore
import RuntimeProtocol
import TestSupport
import Testing

@Suite struct FrameMetaTests {
    @Test func `lines are separated, not ended, by a line break`() {
        let meta = FrameMeta([(":status", "201"), ("content-type", "text/plain")])

        #expect(String(buffer: meta.lines) == ":status: 201\ncontent-type: text/plain")
    }

    @Test func `a line is found by its whole name`() {
        let meta = FrameMeta([(":id", "1"), ("id", "2"), ("idx", "3"), ("empty", "")])

        #expect(meta[":id"] == "1")
        #expect(meta["id"] == "2")
        #expect(meta["idx"] == "3")
        #expect(meta["empty"] == "")
        #expect(meta["i"] == nil)
        #expect(meta["ID"] == nil)
        #expect(meta[""] == nil)
    }

    @Test func `a value may have colons and spaces in it`() {
        let meta = FrameMeta([(":path", "/a: b"), ("x", "http://host:80/ ")])

        #expect(meta[":path"] == "/a: b")
        #expect(meta["x"] == "http://host:80/ ")
    }

    @Test func `the first of two lines with one name counts`() {
        #expect(FrameMeta([("x", "1"), ("x", "2")])["x"] == "1")
    }

    @Test func `lines that are none are left out`() {
        let meta = FrameMeta(lines: ByteBuffer(string: "\n\nno colon\n:\n:x\na: 1\n\nb:2\n: 3"))

        #expect(meta.pairs.map { "\($0.name)=\($0.value)" } == ["a=1", "b=2"])
    }

    @Test func `bytes that are no text do no harm`() {
        let meta = FrameMeta(lines: ByteBuffer(bytes: [0xff, 0x3a, 0x20, 0xfe, 0x0a, 0x61, 0x3a]))

        #expect(meta.pairs.count == 2)
        #expect(meta["a"] == "")
    }

    @Test(arguments: ["a\nx: 1", "a\rx: 1", "a\r\nx: 1", "\n", "a\n"])
    func `a value with a line break is not taken`(value: String) {
        var meta = FrameMeta([("first", "1")])

        let wasTaken = meta.append("name", value)

        #expect(!wasTaken)
        #expect(meta == FrameMeta([("first", "1")]))
    }

    @Test(arguments: ["a\n:status", "a\r", "\n", "a: b\nc"])
    func `a name with a line break is not taken`(name: String) {
        var meta = FrameMeta([("first", "1")])

        let wasTaken = meta.append(name, "value")

        #expect(!wasTaken)
        #expect(meta == FrameMeta([("first", "1")]))
    }

    @Test func `what does not fit the header's length is not taken`() {
        var meta = FrameMeta()
        let wasTaken = meta.append("x", String(repeating: "v", count: FrameMeta.byteCountMax))
        #expect(!wasTaken)
        #expect(meta.isEmpty)

        var lineCount = 0
        while meta.append("line-\(lineCount)", String(repeating: "v", count: 100)) {
            lineCount += 1
        }
        #expect(meta.lines.readableBytes <= FrameMeta.byteCountMax)
        #expect(meta.lines.readableBytes > FrameMeta.byteCountMax - 200)
        #expect(meta.pairs.count == lineCount)
    }

    @Test func `the most meta that fits comes back from a frame`() throws {
        var meta = FrameMeta()
        meta.append("x", String(repeating: "v", count: FrameMeta.byteCountMax - 4))
        let frame = Frame(.result, meta: meta, body: ByteBuffer(string: "body"))

        #expect(meta.lines.readableBytes >= FrameMeta.byteCountMax - 1)
        #expect(try decode([frame.bytes]) == [frame])
    }

    @Test func `thousands of random metas come back line by line`() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<5_000 {
            let pairs = FrameMeta.randomPairs(using: &generator)
            let meta = FrameMeta(pairs)

            #expect(meta.pairs.map(\.name) == pairs.map(\.name))
            #expect(meta.pairs.map(\.value) == pairs.map(\.value))
        }
    }
}
