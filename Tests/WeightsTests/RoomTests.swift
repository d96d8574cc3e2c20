import Foundation
import Functions
import Testing
import Weights

@Suite(.enabled(if: geteuid() == 0, "mounting needs root")) struct RoomTests {
    private static let mebibyte = 1 << 20

    private let folder: WeightFolder
    private let server: WeightServer

    init() throws {
        folder = try WeightFolder(dataBytes: 40 * Self.mebibyte)
        server = try WeightServer(folder: folder.files)
    }

    private func source(_ path: String) -> String { "\(server.url)/\(path)" }

    private var freeBytes: Int {
        get throws {
            var status = statvfs()
            try #require(statvfs(folder.data, &status) == 0)
            return Int(status.f_bavail) * Int(status.f_frsize)
        }
    }

    /// Has something else than a fetch take the disk, but for some bytes.
    private func fill(leaving bytes: Int) throws {
        let file = open("\(folder.data)/ballast", O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
        try #require(file >= 0)
        defer { close(file) }
        try #require(posix_fallocate(file, 0, try freeBytes - bytes) == 0)
    }

    /// Begins a fetch whose source sends a little, and the rest after `release`.
    private func begin(
        _ weights: ModelWeights,
        _ name: String,
        in store: WeightStore,
        telling told: Told = Told()
    ) throws -> Running {
        let hasBegun = DispatchSemaphore(value: 0)
        let file = weights.at(source("paused/\(name)"))
        let fetch = Running { () throws(WeightsError) in
            try store.fetch(file) { bytes, total in
                told.take(bytes, total)
                hasBegun.signal()
            }
        }
        try #require(hasBegun.wait(timeout: .now() + .seconds(20)) == .success)
        return fetch
    }

    @Test func `fetches at once are not promised the same room`() throws {
        let first = try folder.make("first", byteCount: 22 * Self.mebibyte)
        let second = try folder.make("second", byteCount: 22 * Self.mebibyte + 1)
        let store = folder.store { $0.freeBytesMin = Int64(4 * Self.mebibyte) }
        let fetch = try begin(first, "first", in: store)

        let error = #expect(throws: WeightsError.self) {
            try store.fetch(second.at(source("ranges/second")))
        }
        let stored = folder.stored
        try server.release()

        #expect(error?.code == .diskFull)
        #expect(error?.message.contains("22 MiB of it promised to other fetches") == true)
        #expect(stored == ["\(first.sha256).part"])
        #expect(try contents(fetch.wait().get()) == first.bytes)
        #expect(folder.stored == [first.sha256])
        #expect(try freeBytes >= 4 * Self.mebibyte)
    }

    @Test func `what was promised to a fetch that ended is for others again`() throws {
        let lost = try folder.make("lost", byteCount: 22 * Self.mebibyte)
        let small = try folder.make("small", byteCount: 10 * Self.mebibyte)
        let large = try folder.make("large", byteCount: 22 * Self.mebibyte + 1)
        let store = folder.store { $0.retriesMax = 0 }

        #expect(throws: WeightsError.self) { try store.fetch(lost.at(source("cut/1000/lost"))) }
        for (weights, name) in [(small, "small"), (large, "large")] {
            let path = try store.fetch(weights.at(source("ranges/\(name)")))
            #expect(try contents(path) == weights.bytes)
        }
    }

    @Test func `a fetch ends when others take the room that the gateway must have`() throws {
        let weights = try folder.make(byteCount: 16 * Self.mebibyte)
        let store = folder.store {
            $0.freeBytesMin = Int64(6 * Self.mebibyte)
            $0.spaceCheckBytes = Int64(Self.mebibyte)
        }
        let told = Told()
        let fetch = try begin(weights, "model.bin", in: store, telling: told)
        try fill(leaving: 8 * Self.mebibyte)

        try server.release()
        let error = #expect(throws: WeightsError.self) { try fetch.wait().get() }

        #expect(error?.code == .diskFull)
        #expect(try #require(told.last) <= 2 * Self.mebibyte)
        #expect(folder.stored == [])
        #expect(try freeBytes >= 6 * Self.mebibyte)
    }

    @Test func `a fetch that filled the disk leaves nothing on it`() throws {
        let weights = try folder.make(byteCount: 16 * Self.mebibyte)
        let store = folder.store()
        let fetch = try begin(weights, "model.bin", in: store)
        try fill(leaving: 2 * Self.mebibyte)

        try server.release()
        let error = #expect(throws: WeightsError.self) { try fetch.wait().get() }

        #expect(error?.code == .diskFull)
        #expect(folder.stored == [])
        #expect(try freeBytes >= Self.mebibyte)
    }
}
