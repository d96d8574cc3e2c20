import Foundation
import Functions
import Testing
import Weights

@Suite(.enabled(if: S3Server.program != nil, "needs moto_server")) struct S3Tests {
    private let folder: WeightFolder
    private let plain: ModelWeights
    private let odd: ModelWeights
    private let server: S3Server

    init() throws {
        folder = try WeightFolder()
        plain = try folder.make()
        odd = try folder.make("a model+é (1)=.bin", byteCount: 1000)
        server = try S3Server(folder: folder.files)
    }

    private func source(_ name: String) -> String { "s3://\(S3Server.bucket)/folder/\(name)" }

    @Test func `an object is fetched with a signature that S3 takes, also the rest of it`() throws {
        try folder.leavePartial(plain.sha256, plain.bytes[..<300_000])
        let store = folder.store(environment: server.environment)
        let told = Told()

        let path = try store.fetch(plain.at(source("model.bin")), progress: told.take)
        let other = try store.fetch(odd.at(source("a%20model+é%20(1)=.bin")))

        #expect(try contents(path) == plain.bytes)
        #expect(try contents(other) == odd.bytes)
        #expect((told.all.first?.bytes ?? 0) > 300_000)
    }

    @Test func `an object that is not there, or not ours, is told with S3's own word`() throws {
        let wrong = server.environment.merging(["AWS_SECRET_ACCESS_KEY": "wrong"]) { $1 }

        let missing = #expect(throws: WeightsError.self) {
            try folder.store(environment: server.environment).fetch(plain.at(source("none.bin")))
        }
        let refused = #expect(throws: WeightsError.self) {
            try folder.store(environment: wrong).fetch(plain.at(source("model.bin")))
        }

        #expect(missing?.code == .answerRefused(status: 404))
        #expect(missing?.message.contains("NoSuchKey") == true)
        #expect(refused?.code == .answerRefused(status: 403))
        #expect(refused?.message.contains("SignatureDoesNotMatch") == true)
        #expect(refused?.message.contains("AWS_SECRET_ACCESS_KEY") == true)
        #expect(folder.stored == [])
    }
}
