import HTTPTypes
package import HummingbirdCore
package import Logging
package import NIOCore
import NIOHTTP1
package import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// One port for both: the invocation path's handlers first, the management routes behind them.
package struct InvocationChannel: HTTPChannelHandler {
    package typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

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
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true)
            )
        }
    }

    package func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value, logger: logger)
    }
}
