import Functions
import Testing
import Weights

@Suite struct WaitingTests {
    private let folder: WeightFolder
    private let server: WeightServer

    init() throws {
        folder = try WeightFolder()
        server = try WeightServer(folder: folder.files)
    }

    private func source(_ path: String) -> String { "\(server.url)/\(path)" }

    /// A fetch that the server holds, once it is under way.
    private func held(
        by store: WeightStore,
        _ wait: WeightWait,
        _ ends: Ends
    ) throws
        -> Manifest.ModelFile
    {
        let file = try folder.make().at(source("held/model.bin"))
        store.fetch(file, wait: wait, progress: { _, _ in }, done: ends.take)
        try server.wait(requests: 1)
        return file
    }

    private func codes(_ ends: Ends, _ count: Int) throws -> [WeightsError.Code?] {
        try ends.wait(count).map { end in #expect(throws: WeightsError.self) { try end.get() }?.code
        }
    }

    @Test func `a fetch for which nobody waits any more ends and makes room`() throws {
        let store = folder.store { $0.fetchesMax = 1 }
        let (wait, left, ends) = (WeightWait(), Ends(), Ends())
        _ = try held(by: store, wait, left)
        let next = try folder.make("next.bin", byteCount: 10)
        store.fetch(next.at(source("ranges/next.bin")), progress: { _, _ in }, done: ends.take)

        wait.leave()

        #expect(try codes(left, 1) == [.stopped])
        #expect(try ends.wait(1).first?.get() == store.path(of: next.sha256))
    }

    @Test func `a fetch goes on while another waits for it`() throws {
        let store = folder.store()
        let (wait, left, ends) = (WeightWait(), Ends(), Ends())
        let file = try held(by: store, wait, left)
        store.fetch(file, progress: { _, _ in }, done: ends.take)

        wait.leave()
        #expect(try codes(left, 1) == [.stopped])
        try server.release()

        #expect(try ends.wait(1).first?.get() == store.path(of: file.sha256))
        #expect(try server.asked().count == 1)
    }

    @Test func `who comes when all others have left has it fetched`() throws {
        let store = folder.store()
        let (wait, left, ends) = (WeightWait(), Ends(), Ends())
        let file = try held(by: store, wait, left)

        wait.leave()
        store.fetch(file, progress: { _, _ in }, done: ends.take)
        try server.release()

        #expect(try codes(left, 1) == [.stopped])
        #expect(try ends.wait(1).first?.get() == store.path(of: file.sha256))
    }

    @Test func `who has left before is told at once`() throws {
        let (wait, ends) = (WeightWait(), Ends())
        wait.leave()

        let file = try folder.make().at(source("held/model.bin"))
        folder.store().fetch(file, wait: wait, progress: { _, _ in }, done: ends.take)

        #expect(try codes(ends, 1) == [.stopped])
    }

    @Test func `a task that is cancelled waits no longer`() async throws {
        let file = try folder.make().at(source("held/model.bin"))
        let store = folder.store()
        let task = Task { () -> WeightsError.Code? in
            do throws(WeightsError) {
                _ = try await store.fetched(file) { _, _ in }
                return nil
            } catch {
                return error.code
            }
        }

        task.cancel()

        #expect(await task.value == .stopped)
    }
}
