import Foundation
import Functions
import Testing
import Weights

@Suite struct FetchingTests {
    private let folder: WeightFolder
    private let server: WeightServer

    init() throws {
        folder = try WeightFolder()
        server = try WeightServer(folder: folder.files)
    }

    private func source(_ path: String) -> String { "\(server.url)/\(path)" }

    @Test func `a file of a web server is fetched once`() throws {
        let weights = try folder.make()
        let store = folder.store()
        let file = weights.at(source("ranges/model.bin"))
        let told = Told()

        let path = try store.fetch(file, progress: told.take)
        #expect(try store.fetch(file) == path)

        #expect(try contents(path) == weights.bytes)
        #expect(try server.asked() == [.init(path: "/ranges/model.bin", range: "")])
        #expect(told.last == 1 << 20)
        #expect(told.all.allSatisfy { $0.total == 1 << 20 })
        #expect(folder.stored == [weights.sha256])
    }

    @Test func `progress is told no more often than its limit says, and of the whole at last`()
        throws
    {
        let weights = try folder.make(byteCount: 4 << 20)
        let told = Told()

        _ = try folder.store { $0.progressMillis = 3_600_000 }
            .fetch(weights.at(source("ranges/model.bin")), progress: told.take)

        #expect(told.all.count <= 2)
        #expect(told.last == 4 << 20)
    }

    @Test func `a cut connection is taken up where it ended`() throws {
        let weights = try folder.make()

        let path = try folder.store().fetch(weights.at(source("cut/400000/model.bin")))

        #expect(try contents(path) == weights.bytes)
        let ranges = try server.asked().map(\.range)
        #expect(ranges == ["", "bytes=400000-", "bytes=800000-"])
    }

    @Test func `a server that has no ranges is asked for the whole again`() throws {
        let weights = try folder.make()

        let path = try folder.store().fetch(weights.at(source("whole/400000/model.bin")))

        #expect(try contents(path) == weights.bytes)
        #expect(try server.asked().map(\.range) == ["", "bytes=400000-"])
    }

    @Test func `a server need not say how long the file is`() throws {
        let weights = try folder.make()
        let told = Told()

        let path = try folder.store()
            .fetch(weights.at(source("unsized/model.bin")), progress: told.take)

        #expect(try contents(path) == weights.bytes)
        #expect(told.all.allSatisfy { $0.total == nil })
    }

    @Test func `a fetch that gives up keeps what it has, and the next one goes on there`() throws {
        let weights = try folder.make()
        let store = folder.store { $0.retriesMax = 0 }

        let error = #expect(throws: WeightsError.self) {
            try store.fetch(weights.at(source("cut/700000/model.bin")))
        }
        let kept = folder.stored
        let path = try store.fetch(weights.at(source("ranges/model.bin")))

        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("700000 of 1048576 bytes") == true)
        #expect(kept == ["\(weights.sha256).part"])
        #expect(try contents(path) == weights.bytes)
        #expect(try server.asked().last?.range == "bytes=700000-")
    }

    @Test func `what a killed gateway had fetched is not fetched again`() throws {
        let weights = try folder.make()
        try folder.leavePartial(weights.sha256, weights.bytes[..<500_000])

        let path = try folder.store().fetch(weights.at(source("ranges/model.bin")))

        #expect(try contents(path) == weights.bytes)
        #expect(try server.asked().map(\.range) == ["bytes=500000-"])
    }

    @Test func `a part that a crash left whole is taken as it is`() throws {
        let weights = try folder.make()
        try folder.leavePartial(weights.sha256, weights.bytes)

        let path = try folder.store().fetch(weights.at(source("ranges/model.bin")))

        #expect(try contents(path) == weights.bytes)
        #expect(try server.asked().map(\.range) == ["bytes=1048576-"])
    }

    @Test func `a part that a crash left damaged is fetched anew`() throws {
        let weights = try folder.make()
        try folder.leavePartial(weights.sha256, [UInt8](repeating: 0, count: 500_000))

        let path = try folder.store().fetch(weights.at(source("ranges/model.bin")))

        #expect(try contents(path) == weights.bytes)
        #expect(try server.asked().map(\.range) == ["bytes=500000-", ""])
    }

    @Test(arguments: ["ranges", "mute416"])
    func `a part that is longer than the file is fetched anew`(behaviour: String) throws {
        let weights = try folder.make()
        try folder.leavePartial(weights.sha256, weights.bytes + [1, 2, 3])

        let path = try folder.store().fetch(weights.at(source("\(behaviour)/model.bin")))

        #expect(try contents(path) == weights.bytes)
        #expect(try server.asked().map(\.range) == ["bytes=1048579-", ""])
    }

    @Test func `a busy server is asked again`() throws {
        let weights = try folder.make()

        let path = try folder.store().fetch(weights.at(source("busy/2/model.bin")))

        #expect(try contents(path) == weights.bytes)
        #expect(try server.asked().count == 3)
    }

    @Test func `a server that stays busy is given up`() throws {
        let weights = try folder.make()

        let error = #expect(throws: WeightsError.self) {
            try folder.store { $0.retriesMax = 2 }.fetch(weights.at(source("busy/99/model.bin")))
        }

        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("3 tries: status 503") == true)
        #expect(try server.asked().count == 3)
        #expect(folder.stored == [])
    }

    @Test(arguments: [404, 403, 401, 410, 204])
    func `an answer that is not the file is told at once`(status: Int) throws {
        let weights = try folder.make()

        let error = #expect(throws: WeightsError.self) {
            try folder.store().fetch(weights.at(source("status/\(status)/model.bin?token=secret")))
        }

        #expect(error?.code == .answerRefused(status: status))
        #expect(error?.message.contains("status \(status)") == true)
        #expect(error?.message.contains("secret") == false)
        #expect(try server.asked().count == 1)
        #expect(folder.stored == [])
    }

    @Test(arguments: [404, 403])
    func `an answer that is not the file is told at once, however long it is`(status: Int) throws {
        let weights = try folder.make()

        let error = #expect(throws: WeightsError.self) {
            try folder.store().fetch(weights.at(source("page/\(status)/100000/model.bin")))
        }

        #expect(error?.code == .answerRefused(status: status))
        #expect(error?.message.contains("status \(status)") == true)
        #expect(try server.asked().count == 1)
    }

    @Test func `a server that is busy with many words is asked again`() throws {
        let weights = try folder.make()

        let error = #expect(throws: WeightsError.self) {
            try folder.store { $0.retriesMax = 1 }
                .fetch(weights.at(source("page/503/100000/model.bin")))
        }

        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("2 tries: status 503") == true)
    }

    @Test func `a file with another digest is told with both and not kept`() throws {
        let weights = try folder.make()
        let wrong = String(repeating: "0", count: 64)
        let file = Manifest.ModelFile(source: source("ranges/model.bin"), sha256: wrong)

        let error = #expect(throws: WeightsError.self) { try folder.store().fetch(file) }

        #expect(error?.code == .digestWrong)
        #expect(error?.message.contains(wrong) == true)
        #expect(error?.message.contains(weights.sha256) == true)
        #expect(try server.asked().count == 1)
        #expect(folder.stored == [])
    }

    @Test func `a file over the limit is refused by what the server says and by what comes`() throws
    {
        let weights = try folder.make()
        let store = folder.store { $0.bytesMax = 1 << 19 }

        for behaviour in ["ranges", "unsized"] {
            let error = #expect(throws: WeightsError.self) {
                try store.fetch(weights.at(source("\(behaviour)/model.bin")))
            }
            #expect(error?.code == .tooLarge)
            #expect(folder.stored == [])
        }
    }

    @Test func `a transfer that stalls is cut and taken up`() throws {
        let weights = try folder.make()
        let store = folder.store {
            $0.stallSecondsMax = 1
            $0.retriesMax = 0
        }

        let error = #expect(throws: WeightsError.self) {
            try store.fetch(weights.at(source("stalled/model.bin")))
        }

        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("1000 bytes are kept") == true)
    }

    @Test func `a host that nothing listens at is told as unreachable`() throws {
        let weights = try folder.make()

        let error = #expect(throws: WeightsError.self) {
            try folder.store().fetch(weights.at("http://127.0.0.1:1/model.bin"))
        }

        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("http://127.0.0.1:1/model.bin") == true)
    }

    @Test func `fetches at once of one file are one`() throws {
        let weights = try folder.make()
        let store = folder.store()
        let file = weights.at(source("held/model.bin"))
        let told = (0..<8).map { _ in Told() }

        let fetches = told.map { told in
            Running { () throws(WeightsError) in try store.fetch(file, progress: told.take) }
        }
        try server.wait(requests: 1)
        try server.release()

        for fetch in fetches {
            #expect(try fetch.wait().get() == store.path(of: weights.sha256))
        }
        #expect(try server.asked().count == 1)
        #expect(told.contains { $0.last == 1 << 20 })
    }

    @Test func `who waits for a fetch that fails is told why`() throws {
        let weights = try folder.make()
        let store = folder.store { $0.retriesMax = 0 }
        let file = weights.at(source("cut/1000/model.bin"))

        let fetches = (0..<4).map { _ in
            Running { () throws(WeightsError) in try store.fetch(file) }
        }

        for fetch in fetches {
            let error = #expect(throws: WeightsError.self) { try fetch.wait().get() }
            #expect(error?.code == .unreachable)
        }
    }

    @Test func `a file that is being fetched is not removed, and closing ends the fetch`() throws {
        let weights = try folder.make()
        let store = folder.store()
        let file = weights.at(source("stalled/model.bin"))
        let fetch = Running { () throws(WeightsError) in try store.fetch(file) }
        try server.wait(requests: 1)

        store.removeAll(except: [])
        store.removeLeftovers()
        store.close()

        let error = #expect(throws: WeightsError.self) { try fetch.wait().get() }
        #expect(error?.code == .stopped)
        #expect(folder.stored.allSatisfy { $0 == "\(weights.sha256).part" })
    }

    /// Six that the server holds, of which some have begun.
    private func sixFetches(atOnce fetchesMax: Int) throws -> (WeightStore, Ends) {
        let store = folder.store { $0.fetchesMax = fetchesMax }
        let ends = Ends()
        for number in 1...6 {
            let weights = try folder.make("\(number).bin", byteCount: number)
            store.fetch(
                weights.at(source("held/\(number).bin")),
                progress: { _, _ in },
                done: ends.take
            )
        }
        try server.wait(requests: fetchesMax)
        return (store, ends)
    }

    @Test func `fetches over the limit wait without a thread, and closing ends them all`() throws {
        let (store, ends) = try sixFetches(atOnce: 2)
        store.close()

        let codes = try ends.wait(6).map { end in
            #expect(throws: WeightsError.self) { try end.get() }?.code
        }
        #expect(codes == [WeightsError.Code?](repeating: .stopped, count: 6))
        #expect(try server.asked().count == 2)
    }

    @Test func `fetches over the limit follow when others have ended`() throws {
        let (store, ends) = try sixFetches(atOnce: 2)
        #expect(try server.asked().count == 2)
        try server.release()

        #expect(try ends.wait(6).allSatisfy { try store.exists($0.get().suffix(64).description) })
        #expect(folder.stored.count == 6)
    }

    @Test func `who waits for a fetch from elsewhere that fails has its own source asked`() throws {
        let weights = try folder.make()
        let store = folder.store()
        let (first, second) = (source("held/none.bin"), source("ranges/model.bin"))
        let (lost, found) = (Ends(), Ends())

        store.fetch(weights.at(first), progress: { _, _ in }, done: lost.take)
        try server.wait(requests: 1)
        store.fetch(weights.at(second), progress: { _, _ in }, done: found.take)
        #expect(try server.asked().count == 1)
        try server.release()

        #expect(throws: WeightsError.self) { try lost.wait(1).first?.get() }
        #expect(try found.wait(1).first?.get() == store.path(of: weights.sha256))
    }

    @Test func `a fetch can be waited for without a thread`() async throws {
        let weights = try folder.make()
        let store = folder.store()

        let path = try await store.fetched(weights.at(source("ranges/model.bin"))) { _, _ in }

        #expect(path == store.path(of: weights.sha256))
    }
}
