import Foundation
import Functions
import Testing
import Weights

@Suite struct StoringTests {
    private let folder: WeightFolder

    init() throws { folder = try WeightFolder() }

    @Test func `a file of this host is stored by its digest, for reading alone`() throws {
        let weights = try folder.make(byteCount: 3 << 20)
        let store = folder.store()
        let told = Told()

        let path = try store.fetch(weights.at("file://\(weights.path)"), progress: told.take)

        #expect(path == store.path(of: weights.sha256))
        #expect(path == "\(folder.data)/weights/\(weights.sha256)")
        #expect(try contents(path) == weights.bytes)
        #expect(try mode(path) == 0o444)
        #expect(try mode("\(folder.data)/weights") == 0o700)
        #expect(store.exists(weights.sha256))
        #expect(folder.stored == [weights.sha256])
        #expect(told.all.map(\.bytes) == [1 << 20, 2 << 20, 3 << 20])
        #expect(told.all.allSatisfy { $0.total == 3 << 20 })
    }

    @Test func `what is stored is not read again, whatever became of its source`() throws {
        let weights = try folder.make()
        let store = folder.store()
        let file = weights.at("file://\(weights.path)")
        let first = try store.fetch(file)
        try FileManager.default.removeItem(atPath: weights.path)
        let told = Told()

        #expect(try store.fetch(file, progress: told.take) == first)
        #expect(told.all.isEmpty)
    }

    @Test func `an empty file is a file`() throws {
        let weights = try folder.write("empty", [])

        let path = try folder.store().fetch(weights.at("file://\(weights.path)"))

        #expect(try contents(path) == [])
    }

    @Test func `a path may be percent-encoded`() throws {
        let weights = try folder.write("a model.bin", [1, 2, 3])

        let source = "file://\(folder.files)/a%20model.bin"

        #expect(try contents(folder.store().fetch(weights.at(source))) == [1, 2, 3])
    }

    @Test func `a wrong digest is told with both digests and leaves nothing`() throws {
        let weights = try folder.make()
        let wrong = String(repeating: "0", count: 64)
        let file = Manifest.ModelFile(source: "file://\(weights.path)", sha256: wrong)

        let error = #expect(throws: WeightsError.self) { try folder.store().fetch(file) }

        #expect(error?.code == .digestWrong)
        #expect(error?.message.contains(wrong) == true)
        #expect(error?.message.contains(weights.sha256) == true)
        #expect(folder.stored == [])
    }

    @Test func `what no revision needs is removed, and nothing else`() throws {
        let (kept, unneeded) = (try folder.make("a", byteCount: 10), try folder.make("b"))
        let store = folder.store()
        for weights in [kept, unneeded] {
            _ = try store.fetch(weights.at("file://\(weights.path)"))
        }
        try folder.leavePartial(String(repeating: "a", count: 64), [1])

        store.removeAll(except: [kept.sha256])

        #expect(store.exists(kept.sha256))
        #expect(!store.exists(unneeded.sha256))
        #expect(folder.stored.count == 2)
    }

    @Test func `an old part of a file is removed at the start, and a new one is kept`() throws {
        let (old, new) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))
        for digest in [old, new] { try folder.leavePartial(digest, [1, 2]) }
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -8 * 24 * 3600)],
            ofItemAtPath: folder.partial(old)
        )

        folder.store().removeLeftovers()

        #expect(folder.stored == ["\(new).part"])
    }

    @Test func `no part of a file is kept at the start while the disk lacks room`() throws {
        try folder.leavePartial(String(repeating: "a", count: 64), [1, 2])

        folder.store { $0.freeBytesMin = 1 << 60 }.removeLeftovers()

        #expect(folder.stored == [])
    }

    @Test func `a file that finds no room, or is over the limit, is refused before it is copied`()
        throws
    {
        let weights = try folder.make()
        let file = weights.at("file://\(weights.path)")

        let full = #expect(throws: WeightsError.self) {
            try folder.store { $0.freeBytesMin = 1 << 60 }.fetch(file)
        }
        let large = #expect(throws: WeightsError.self) {
            try folder.store { $0.bytesMax = 1 << 19 }.fetch(file)
        }

        #expect(full?.code == .diskFull)
        #expect(full?.message.contains("make room") == true)
        #expect(large?.code == .tooLarge)
        #expect(folder.stored == [])
    }

    @Test func `a store that was closed fetches nothing`() throws {
        let weights = try folder.make()
        let store = folder.store()
        store.close()

        let error = #expect(throws: WeightsError.self) {
            try store.fetch(weights.at("file://\(weights.path)"))
        }

        #expect(error?.code == .stopped)
    }
}
