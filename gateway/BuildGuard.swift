import FoundationEssentials
import NIOCore
import OCIInstances

/// Keeps a package's set-up code, which may use the network, from the gateway's own port.
///
/// Such code runs under a user id that nothing else has, in the host's network. While a build runs,
/// a connection from this host is looked up in the kernel's table of sockets, which names its user.
struct BuildGuard: Sendable {
    let layers: LayerBuilder

    /// Whether a connection comes from a build sandbox.
    ///
    /// Reads two files, and only during a build.
    func refuses(_ channel: any Channel) -> Bool {
        guard layers.isBuilding, let port = channel.remoteAddress?.port else { return false }
        return ["/proc/net/tcp", "/proc/net/tcp6"].contains { path in
            guard let table = FileManager.default.contents(atPath: path) else { return false }
            return Self.users(ofLocalPort: port, in: String(decoding: table, as: UTF8.self))
                .contains { layers.buildUsers.contains($0) }
        }
    }

    /// Users of sockets whose own port is `port`, in a table such as `/proc/net/tcp`.
    static func users(ofLocalPort port: Int, in table: String) -> [Int] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 7, let hex = fields[1].split(separator: ":").last,
                Int(hex, radix: 16) == port
            else { return nil }
            return Int(fields[7])
        }
    }
}
