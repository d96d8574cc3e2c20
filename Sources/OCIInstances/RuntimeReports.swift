import FoundationEssentials
import Functions
import Instances
import NIOCore
import RuntimeProtocol

extension LoadReport {
    /// Reads the body of `loaded`.
    init(loaded body: ByteBuffer) throws {
        let bytes = Data(body.readableBytesView)
        let message = try JSONDecoder().decode(LoadedMessage.self, from: bytes)
        let schema = try JSONDecoder().decode(SchemaMessage.self, from: bytes).schema
        self.init(
            handlerKind: message.handlerKind,
            schema: String(decoding: try JSONEncoder().encode(schema), as: UTF8.self),
            streamsInput: message.streamsInput,
            hasAttach: message.hasAttach,
            threads: message.threads,
            modules: message.modules,
            importMicros: message.importMicros,
            loadMicros: message.loadMicros,
            log: message.log
        )
    }

    private struct SchemaMessage: Codable {
        var schema: RawJSON
    }
}

extension InstanceError {
    /// Reads a `loadFailed` frame.
    init(loadFailure meta: FrameMeta, _ body: ByteBuffer) {
        let code = meta[":code"].flatMap(LoadFailureCode.init) ?? .loadRaised
        self.init(code == .outOfMemory ? .outOfMemory : .load(code), failure: body)
    }

    /// Reads the body of `attachFailed`.
    init(attachFailure body: ByteBuffer) { self.init(.attachRaised, failure: body) }

    private init(_ code: Code, failure body: ByteBuffer) {
        let message = try? JSONDecoder().decode(
            FailureMessage.self,
            from: Data(body.readableBytesView)
        )
        self.init(
            code,
            message?.message ?? "no reason given",
            traceback: message?.traceback,
            log: message?.log
        )
    }
}
