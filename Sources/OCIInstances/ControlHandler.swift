import Instances
import NIOCore
import RuntimeProtocol

/// The host's end of a zygote's control socket.
final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// What the zygote says, in order; `closed` comes last and once.
    enum Event {
        case loaded(ByteBuffer)
        case loadFailed(FrameMeta, ByteBuffer)
        case exited(number: UInt32, status: UInt32)
        case closed(fault: String?)
    }

    private var decoder = FrameDecoder()
    private var isClosed = false
    private let onEvent: (Event) -> Void

    init(onEvent: @escaping (Event) -> Void) { self.onEvent = onEvent }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.feed(unwrapInboundIn(data))
        do throws(FrameError) {
            while let frame = try decoder.next() {
                switch frame.kind {
                case .loaded: onEvent(.loaded(frame.body))
                case .loadFailed: onEvent(.loadFailed(frame.meta, frame.body))
                case .exited: onEvent(.exited(number: frame.stream, status: frame.value))
                default: return close("a frame of the kind \(frame.kind) out of place", context)
                }
            }
        } catch {
            close(error.description, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { close(nil, context) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close(nil, context) }

    private func close(_ fault: String?, _ context: ChannelHandlerContext) {
        guard !isClosed else { return }
        isClosed = true
        context.close(promise: nil)
        onEvent(.closed(fault: fault))
    }
}
