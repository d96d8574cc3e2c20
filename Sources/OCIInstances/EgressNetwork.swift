import CLinux
import Glibc
import Instances

/// The network of one sandbox with `network: egress`: a namespace of its own, and a program of the
/// host, slirp4netns, that makes its connections for it.
///
/// Nothing of the host's network is changed, and nobody can connect to the sandbox. The host itself
/// has no address there, nor have link-local ones, where clouds keep their machines' credentials.
package struct EgressNetwork: Sendable {
    /// Addresses that hardly anybody uses (RFC 2544): what is behind the same ones is hidden.
    private static let addresses = "198.18.0.0/24"
    /// The third address: slirp4netns asks the host's own name servers.
    private static let nameServer = "198.18.0.3"
    /// Files of `/etc` that a sandbox has of its own, in `folder`.
    static let settings = ["resolv.conf", "hosts"]
    /// With the descriptors that it is started with.
    private static let arguments = [
        "--configure", "--mtu=65520", "--cidr=\(addresses)", "--disable-host-loopback",
        "--enable-sandbox", "--enable-seccomp", "--exit-fd=3", "--ready-fd=4",
        "--netns-type=path", "/proc/self/fd/5", "tap0",
    ]
    private static let readyMillisMax: CInt = 5000
    private static let memoryBytesMax = 64 << 20
    private static let processesMax = 16

    let folder: String
    private let namespace: CInt
    private let pid: pid_t
    /// The program ends when this is closed, so that it never outlives the gateway.
    private let lifeline: CInt

    /// Where the namespace is found.
    var namespacePath: String { "/proc/\(getpid())/fd/\(namespace)" }

    /// Makes the network and starts `program`, slirp4netns; its files go to `folder`.
    ///
    /// Blocking, some 20 ms.
    static func start(
        _ program: String?,
        folder: String
    ) throws(InstanceError) -> EgressNetwork {
        guard let program else {
            throw InstanceError(
                .host,
                "`network: egress` needs slirp4netns: `apt-get install slirp4netns`"
            )
        }
        try Files.write("nameserver \(nameServer)\n", to: "\(folder)/resolv.conf")
        try Files.write("127.0.0.1 localhost\n", to: "\(folder)/hosts")
        let namespace = linux_make_network()
        guard namespace >= 0 else { throw Files.failure("make", "a network namespace") }
        do throws(InstanceError) {
            return try start(program, in: namespace, folder: folder)
        } catch {
            close(namespace)
            throw error
        }
    }

    private static func start(
        _ program: String,
        in namespace: CInt,
        folder: String
    ) throws(InstanceError) -> EgressNetwork {
        // What it says of odd packets has no end.
        let log = try BootLog()
        defer { log.close() }
        let (ours, lifeline) = try makePair()
        defer { close(lifeline) }
        let pid: pid_t
        let isReady: Bool
        do throws(InstanceError) {
            let (answer, ready) = try makePair()
            defer { close(answer) }
            do throws(InstanceError) {
                pid = try HostProgram(path: program).start(
                    arguments,
                    output: log.descriptor,
                    descriptors: [lifeline, ready, namespace]
                )
            } catch {
                close(ready)
                throw error
            }
            // Now only the program has it, so that the connection ends with the program.
            close(ready)
            isReady = waitUntilReady(answer)
        } catch {
            close(ours)
            throw error
        }
        let network = EgressNetwork(folder: folder, namespace: namespace, pid: pid, lifeline: ours)
        guard isReady else {
            network.end()
            throw InstanceError(.host, "the sandbox's network did not come up", log: log.text)
        }
        return network
    }

    /// Limits what the program may use: how much of the host that is depends on the function.
    func confine(
        to group: String,
        cpuMillis: Int,
        cgroups: Cgroups
    ) throws(InstanceError) {
        try cgroups.make(
            group,
            Cgroups.Limits(
                memoryBytes: Self.memoryBytesMax,
                processes: Self.processesMax,
                cpuMillis: cpuMillis
            )
        )
        try cgroups.place(pid, in: group)
    }

    /// A descriptor of the connection that lasts as long as the program.
    func copyLifeline() -> CInt { fcntl(lifeline, F_DUPFD_CLOEXEC, 0) }

    /// Ends the program; connections that it holds are cut.
    func stop() {
        end()
        close(namespace)
    }

    private func end() {
        close(lifeline)
        kill(pid, SIGKILL)
        HostProgram.wait(for: pid)
    }

    private static func makePair() throws(InstanceError) -> (CInt, CInt) {
        var ends: [CInt] = [-1, -1]
        guard linux_socket_pair(&ends) == 0 else { throw Files.failure("make", "a socket pair") }
        return (ends[0], ends[1])
    }

    /// Whether the program says in time that the network is up.
    private static func waitUntilReady(_ descriptor: CInt) -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        var count: CInt = -1
        repeat { count = poll(&watched, 1, readyMillisMax) } while count < 0 && errno == EINTR
        var byte: UInt8 = 0
        return count > 0 && read(descriptor, &byte, 1) == 1
    }
}
