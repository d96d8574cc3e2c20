import Foundation
import Instances
import NIOCore
import OCIInstances
import RuntimeProtocol
import Testing

/// Does what a zygote does when it is asked to fork, tells its child's pid, and reaps the child
/// only when it is let go.
private let standIn = """
    import array, os, socket, sys, time
    control = socket.socket(fileno=0)
    _, extra, _, _ = control.recvmsg(64, socket.CMSG_SPACE(4))
    descriptor = array.array("i", extra[0][2])[0]
    child = os.fork()
    if child == 0:
        os.write(descriptor, bytes.fromhex(sys.argv[1]))
        while True: time.sleep(60)
    print(child, flush=True)
    control.recv(1)
    os.kill(child, 9)
    """

/// Plain folders stand for the control groups: no other host refuses to take a process in.
@Suite struct ForkedProcessTests {
    private let folder: TemporaryFolder
    private let limits = Cgroups.Limits(memoryBytes: 64 << 20, processes: 5, cpuMillis: 250)
    private var cgroups: Cgroups { Cgroups(layout: .v2(folder.path), tag: "tag") }

    init() throws { folder = try TemporaryFolder() }

    /// Both ends of a control socket.
    private func control() throws -> (ours: CInt, theirs: CInt) {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        #expect(socketpair(AF_UNIX, kind, 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    private func fork(_ group: String, control: CInt) throws -> ForkedProcess {
        try ForkedProcess.fork(
            number: 1,
            control: control,
            group: group,
            limits: limits,
            cgroups: cgroups,
            millisMax: 20_000
        )
    }

    /// Whether this process holds a descriptor that stands for another one.
    private func holdsDescriptor(of pid: pid_t) -> Bool {
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fdinfo")) ?? []
        return names.contains { name in
            let text = try? String(contentsOfFile: "/proc/self/fdinfo/\(name)", encoding: .utf8)
            return text?.split(separator: "\n").contains("Pid:\t\(pid)") ?? false
        }
    }

    @Test func `a child that its group does not take is ended, and no descriptor stays`()
        async throws
    {
        defer { folder.remove() }
        let group = "/faas/tag/box/i1"
        // A folder in the place of the file that takes processes.
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)\(group)/cgroup.procs",
            withIntermediateDirectories: true
        )
        let (ours, theirs) = try control()
        defer { close(ours) }
        var hello = ByteBuffer()
        Frame(.hello, stream: 1).write(into: &hello)
        let zygote = Process()
        zygote.executableURL = URL(filePath: "/usr/bin/python3")
        let bytes = hello.readableBytesView.map { String(format: "%02x", $0) }.joined()
        zygote.arguments = ["-c", standIn, bytes]
        zygote.standardInput = FileHandle(fileDescriptor: theirs, closeOnDealloc: true)
        let output = Pipe()
        zygote.standardOutput = output
        try zygote.run()

        let error = #expect(throws: InstanceError.self) { try fork(group, control: ours) }

        #expect(error?.message.contains("cgroup.procs") == true)
        let told = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let child = try #require(pid_t(told.trimmingCharacters(in: .newlines)))
        #expect(await eventually { !SandboxHost.isRunning(child) })
        #expect(!holdsDescriptor(of: child))
        shutdown(ours, CInt(SHUT_RDWR))
        zygote.waitUntilExit()
    }

    @Test func `a fork does not make the group of a sandbox anew that is gone`() throws {
        defer { folder.remove() }
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/faas/tag",
            withIntermediateDirectories: true
        )
        let (ours, theirs) = try control()
        close(theirs)
        defer { close(ours) }

        #expect(throws: InstanceError.self) { try fork("/faas/tag/box/i1", control: ours) }

        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/faas/tag/box"))
    }
}
