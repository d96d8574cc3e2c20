import NIOCore
import RuntimeProtocol
import Testing

@Suite struct GoldenFrameTests {
    @Test func `every kind of frame has a golden one`() {
        let kinds = Set(GoldenFrame.valid.compactMap { $0.frame?.kind })

        #expect(kinds == Set(FrameKind.allCases))
        #expect(GoldenFrame.malformed.count >= 6)
        #expect(GoldenFrame.cutOff.count >= 2)
    }

    @Test(arguments: GoldenFrame.valid)
    func `a golden frame decodes to what its table says`(golden: GoldenFrame) throws {
        let frame = try #require(golden.frame)

        #expect(try decode([golden.bytes]) == [frame])
    }

    @Test(arguments: GoldenFrame.valid)
    func `a golden frame's fields encode to its bytes`(golden: GoldenFrame) throws {
        #expect(try #require(golden.frame).bytes == golden.bytes)
    }

    @Test(arguments: GoldenFrame.valid)
    func `a golden frame's meta is read line by line`(golden: GoldenFrame) throws {
        let frame = try #require(golden.frame)
        let decoded = try #require(try decode([golden.bytes]).first)

        #expect(decoded.meta.pairs.map(\.name) == frame.meta.pairs.map(\.name))
        for (name, value) in frame.meta.pairs { #expect(decoded.meta[name] == value) }
    }

    @Test(arguments: GoldenFrame.malformed)
    func `what is no frame is refused`(golden: GoldenFrame) {
        #expect(throws: FrameError.self, "\(golden.reason)") { try decode([golden.bytes]) }
    }

    @Test(arguments: GoldenFrame.malformed)
    func `what is no frame is refused as soon as its header is there`(golden: GoldenFrame) {
        var bytes = golden.bytes
        let header = bytes.readSlice(length: FrameHeader.byteCount) ?? ByteBuffer()

        #expect(throws: FrameError.self, "\(golden.reason)") { try decode([header]) }
    }

    @Test(arguments: GoldenFrame.cutOff)
    func `a frame that is cut off is waited for`(golden: GoldenFrame) throws {
        #expect(try decode([golden.bytes]).isEmpty)
    }

    @Test func `all golden frames after one another are read in their order`() throws {
        var stream = ByteBuffer()
        for golden in GoldenFrame.valid { stream.writeImmutableBuffer(golden.bytes) }

        #expect(try decode([stream]) == GoldenFrame.valid.compactMap(\.frame))
    }

    @Test func `each fault has its own error`() throws {
        func error(_ name: String) throws -> FrameError? {
            let golden = try #require(GoldenFrame.all.first { $0.name == name })
            do throws(FrameError) { _ = try decode([golden.bytes]) } catch { return error }
            return nil
        }

        #expect(try error("unknownKind") == .unknownKind(99))
        #expect(try error("kindZero") == .unknownKind(0))
        #expect(try error("metaOverLength") == .metaBeyondPayload)
        #expect(try error("lengthMaximum") == .tooLong(bytes: Int(UInt32.max)))
        #expect(try error("lengthOverLimit") == .tooLong(bytes: FrameHeader.payloadBytesMax + 1))
        guard case .unknownFlags = try error("unknownFlags") else {
            Issue.record("flags that are not known are taken")
            return
        }
    }
}
