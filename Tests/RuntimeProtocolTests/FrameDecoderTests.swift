import NIOCore
import RuntimeProtocol
import TestSupport
import Testing

@Suite struct FrameDecoderTests {
    @Test func `a frame that comes byte by byte is the frame`() throws {
        for golden in GoldenFrame.valid {
            let pieces = golden.bytes.readableBytesView.map { ByteBuffer(bytes: [$0]) }

            #expect(try decode(pieces) == [golden.frame].compactMap { $0 })
        }
    }

    @Test(arguments: 0..<300)
    func `however a stream is cut, its frames are the same`(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let frames = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
            Frame.random(using: &generator)
        }
        var stream = ByteBuffer()
        for frame in frames { frame.write(into: &stream) }

        var pieces: [ByteBuffer] = []
        let pieceBytesMax = [1, 7, 16, 17, 100, 5_000, 200_000].randomElement(using: &generator)
        while stream.readableBytes > 0 {
            let largest = min(pieceBytesMax ?? 1, stream.readableBytes)
            let count = Int.random(in: 0...largest, using: &generator)
            pieces.append(stream.readSlice(length: count) ?? ByteBuffer())
        }

        #expect(try decode(pieces) == frames)
    }

    @Test func `thousands of random frames come back as they were`() throws {
        var generator = SeededGenerator(seed: 42)
        for _ in 0..<5_000 {
            let frame = Frame.random(using: &generator)

            #expect(try decode([frame.bytes]) == [frame])
        }
    }

    @Test func `random bytes are refused or waited for, never a crash`() throws {
        var generator = SeededGenerator(seed: 7)
        var refusedCount = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...64, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            do throws(FrameError) { _ = try decode([ByteBuffer(bytes: bytes)]) } catch {
                #expect(!error.description.isEmpty)
                refusedCount += 1
            }
        }
        #expect(refusedCount > 10_000)
    }

    @Test func `a frame of the largest length is taken and one byte more is not`() throws {
        let largest = Frame(
            .body,
            stream: 1,
            body: ByteBuffer(repeating: 65, count: FrameHeader.payloadBytesMax)
        )
        var over = ByteBuffer()
        FrameHeader(
            payloadBytes: FrameHeader.payloadBytesMax + 1,
            kind: .body,
            isEnd: true,
            metaBytes: 0,
            stream: 1,
            value: 0
        ).write(into: &over)

        #expect(try decode([largest.bytes]) == [largest])
        #expect(throws: FrameError.tooLong(bytes: FrameHeader.payloadBytesMax + 1)) {
            try decode([over])
        }
    }

    @Test func `frames before a fault are given, and the fault stays`() throws {
        let good = Frame(.ready, value: 1)
        let bad = try #require(GoldenFrame.malformed.first)
        var decoder = FrameDecoder()
        decoder.feed(good.bytes)
        decoder.feed(bad.bytes)

        #expect(try decoder.next() == good)
        #expect(throws: FrameError.self) { try decoder.next() }
        decoder.feed(good.bytes)
        #expect(throws: FrameError.self) { try decoder.next() }
    }

    @Test func `a stream that never pauses at a frame's edge is held in bounded memory`() throws {
        let frame = Frame(
            .chunk,
            isEnd: false,
            stream: 1,
            body: ByteBuffer(repeating: 7, count: 8176)
        )
        let piece = frame.bytes
        var decoder = FrameDecoder()
        var capacityMax = 0

        // Always half a frame is left over: the edges of reads and frames never meet.
        decoder.feed(try #require(piece.getSlice(at: 0, length: 4096)))
        for _ in 0..<4_000 {
            var read = ByteBuffer()
            read.writeImmutableBuffer(try #require(piece.getSlice(at: 4096, length: 4096)))
            read.writeImmutableBuffer(try #require(piece.getSlice(at: 0, length: 4096)))
            decoder.feed(read)
            let body = try #require(try decoder.next()).body
            capacityMax = max(capacityMax, body.storageCapacity)
        }

        #expect(capacityMax < 1 << 20, "\(capacityMax) bytes are held for \(piece.readableBytes)")
    }
}
