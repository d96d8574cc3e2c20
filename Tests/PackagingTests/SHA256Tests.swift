import Packaging
import Testing

@Suite struct SHA256Tests {
    @Test func `the digests of the standard's examples come out`() {
        #expect(
            SHA256.hexadecimal(of: [])
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
        #expect(
            SHA256.hexadecimal(of: Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
    }

    @Test func `bytes in pieces have the digest of the whole`() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        var digest = SHA256()
        var rest = bytes[...]
        while !rest.isEmpty {
            digest.update(Array(rest.prefix(777)))
            rest = rest.dropFirst(777)
        }
        #expect(digest.finalize() == SHA256.hexadecimal(of: bytes))
    }
}
