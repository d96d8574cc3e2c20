import Foundation
import Functions
import NIOCore
import RuntimeProtocol
import Testing

@Suite struct ControlMessageTests {
    private func body(of name: String) throws -> Data {
        let golden = try #require(GoldenFrame.all.first { $0.name == name })
        return Data(try #require(golden.frame).body.readableBytesView)
    }

    @Test func `the golden report of a loaded handler is read`() throws {
        let message = try JSONDecoder().decode(LoadedMessage.self, from: body(of: "loaded"))

        #expect(message.protocol == 1)
        #expect(message.handlerKind == "predict")
        #expect(message.hasAttach)
        #expect(!message.streamsInput)
        #expect(message.threads == ["python3"])
        #expect(message.modules == ["numpy"])
        #expect(message.loadMicros == 5210)
        #expect(message.importMicros == 81034)
        #expect(message.log == "reading weights\n")
    }

    @Test func `the golden failures are read`() throws {
        for (name, message) in [
            ("loadFailed", "No module named 'nunpy'"), ("attachFailed", "no CUDA device"),
            ("error", "Expected `float`, got `str` - at `$.glucose`"),
        ] {
            let failure = try JSONDecoder().decode(FailureMessage.self, from: body(of: name))
            #expect(failure.message == message)
        }
    }

    @Test func `a load message has every field of the golden one`() throws {
        let message = LoadMessage(
            function: "diabetes",
            revision: "diabetes@3f2a",
            handler: "/function",
            layers: ["/layers/0"],
            env: ["KEY": "value"],
            concurrency: 16,
            batch: .init(size: 1, waitMillis: 0),
            forks: true,
            scratch: ["/tmp", "/dev/shm"],
            logBytesMax: 65536,
            bodyBytesMax: 6_291_456
        )
        let decoder = JSONDecoder()
        let ours = try decoder.decode(RawJSON.self, from: JSONEncoder().encode(message))
        let golden = try decoder.decode(RawJSON.self, from: body(of: "load"))

        guard case .object(let fields) = ours, case .object(let wanted) = golden else {
            Issue.record("a load message is a JSON object")
            return
        }
        for (name, value) in wanted { #expect(fields[name] == value, "\(name)") }
    }

    @Test func `the golden codes of failures are known`() throws {
        let loadFailed = try #require(GoldenFrame.all.first { $0.name == "loadFailed" }?.frame)
        let error = try #require(GoldenFrame.all.first { $0.name == "error" }?.frame)

        #expect(loadFailed.meta[":code"].flatMap(LoadFailureCode.init) == .moduleNotFound)
        #expect(error.meta[":code"].flatMap(InvocationFailureCode.init) == .inputInvalid)
    }

    @Test(arguments: [
        "null", "true", "0", "-1", "9223372036854775807", "2.5", "\"text\"", "[]", "{}",
        "[1,[2.5,{\"a\":null}],\"é\"]", "{\"a\":{\"b\":[true,false]}}",
    ])
    func `JSON that is passed on means the same afterwards`(text: String) throws {
        let value = try JSONDecoder().decode(RawJSON.self, from: Data(text.utf8))
        let again = try JSONDecoder().decode(RawJSON.self, from: JSONEncoder().encode(value))

        #expect(again == value)
        #expect(String(decoding: try JSONEncoder().encode(value), as: UTF8.self) == text)
    }
}
