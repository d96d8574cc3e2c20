import CLinux
import NIOCore
import OCIInstances

/// Keeps a package's set-up code, which may use the network, from the gateway's own port.
///
/// Such code runs under a user id that nothing else has, in the host's network. While a build runs,
/// the kernel is asked who owns the other end of each new connection.
struct BuildGuard: Sendable {
    let layers: LayerBuilder

    /// Whether a connection comes from a build sandbox, or from this host and nobody owns it any
    /// more: a request can outlive the socket that sent it.
    ///
    /// Some system calls, and only during a build.
    func refuses(_ channel: any Channel) -> Bool {
        guard layers.isBuilding, let own = channel.localAddress, let peer = channel.remoteAddress
        else { return false }
        var user = uid_t()
        let found = own.withSockAddr { own, _ in
            peer.withSockAddr { peer, _ in linux_tcp_peer_user(own, peer, &user) }
        }
        guard found == 1 else {
            return peer.withSockAddr { peer, _ in linux_is_own_address(peer) } != 0
        }
        return layers.buildUsers.contains(Int(user))
    }
}
