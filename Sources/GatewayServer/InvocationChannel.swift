import HTTPTypes
package import HummingbirdCore
package import Logging
package import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Synchronization

/// One port for both: the invocation path's handlers first, the management routes behind them.
package struct InvocationChannel: HTTPChannelHandler {
    package typealias Value = AcceptedConnection

    package let responder: HTTPChannelHandler.Responder
    let dispatcher: Dispatcher
    let authorizer: Authorizer
    let refuses: @Sendable (any Channel) -> Bool

    /// Makes the set-up of connections; those that it `refuses` are closed at once.
    package init(
        dispatcher: Dispatcher,
        authorizer: Authorizer,
        refuses: @escaping @Sendable (any Channel) -> Bool,
        responder: @escaping HTTPChannelHandler.Responder
    ) {
        self.dispatcher = dispatcher
        self.authorizer = authorizer
        self.refuses = refuses
        self.responder = responder
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            if refuses(channel) {
                // Throwing alone would leave the other side waiting.
                channel.close(promise: nil)
                throw ChannelError.ioOnClosedChannel
            }
            let pipeline = channel.pipeline.syncOperations
            let invocations = InvocationHandler(dispatcher: dispatcher, authorizer: authorizer)
            try pipeline.addHandler(invocations.front)
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false,
                withErrorHandling: false,
                withOutboundHeaderValidation: false
            )
            try pipeline.addHandler(invocations)
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            return AcceptedConnection(
                try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel,
                    configuration: .init(isOutboundHalfClosureEnabled: true)
                )
            )
        }
    }

    package func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value.take(), logger: logger)
    }
}

/// A connection that was set up, and closes unless somebody takes it.
///
/// A server that stops drops what it accepts in that moment, and a channel whose writer nobody has
/// finished ends the process.
package final class AcceptedConnection: ServerChildChannelValue {
    typealias Parts = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    private let parts: Parts
    private let isTaken = Atomic(false)

    package var channel: any Channel { parts.channel }

    init(_ parts: Parts) { self.parts = parts }

    deinit {
        guard !isTaken.load(ordering: .relaxed) else { return }
        Task { [parts] in try? await parts.executeThenClose { _, _ in } }
    }

    func take() -> Parts {
        isTaken.store(true, ordering: .relaxed)
        return parts
    }
}
