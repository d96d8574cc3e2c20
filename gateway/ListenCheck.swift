import Glibc
import Instances
import NIOCore

/// Looks, before anything is done, whether there is room where the gateway is to listen.
enum ListenCheck {
    static func run(host: String, port: Int) throws {
        let address = try SocketAddress.makeAddressResolvingHost(host, port: port)
        let file = socket(address.protocol.rawValue, CInt(SOCK_STREAM.rawValue), 0)
        guard file >= 0 else { return }
        defer { close(file) }
        // As the server does: what is left of an earlier gateway's connections is in nobody's way.
        var yes: CInt = 1
        setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        guard address.withSockAddr({ bind(file, $0, socklen_t($1)) }) != 0 else { return }
        let reason =
            errno == EADDRINUSE
            ? "another program listens there" : String(cString: strerror(errno))
        throw InstanceError(
            .host,
            "cannot listen on \(host):\(port): \(reason); stop it or give another address, such "
                + "as --listen \(host):\(port % 65_535 + 1)"
        )
    }
}
