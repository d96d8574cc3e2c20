import CLinux
import Glibc
package import Instances
import NIOCore
import RuntimeProtocol

/// A child of a zygote that has said hello and sits in its own cgroup: not yet an instance.
package struct ForkedProcess: Sendable {
    let number: UInt32
    /// Its own cgroup; nil when it is the sandbox's only process and stays in that one's.
    let group: String?
    /// Stands for the process even after its pid is used anew.
    let pidDescriptor: CInt
    let socket: CInt

    /// Forks a child from the zygote at the other end of `control`.
    ///
    /// Blocks for the fork's time. The control group must lie in one that is there. When it throws,
    /// nothing of the child is left.
    package static func fork(
        number: UInt32,
        control: CInt,
        group: String?,
        limits: Cgroups.Limits,
        cgroups: Cgroups,
        millisMax: Int
    ) throws(InstanceError) -> ForkedProcess {
        if let group { try makeGroup(group, limits, cgroups) }
        var ends: [CInt] = [-1, -1]
        guard linux_socket_pair(&ends) == 0 else {
            let error = Files.failure("make", "a socket pair")
            if let group { _ = cgroups.remove(group) }
            throw error
        }
        do throws(InstanceError) {
            linux_pass_credentials(ends[0], 1)
            let sent = sendFork(number, descriptor: ends[1], to: control)
            close(ends[1])
            guard sent else { throw InstanceError(.host, "the zygote takes no order to fork") }
            let process = try hello(number, socket: ends[0], millisMax: millisMax)
            linux_pass_credentials(ends[0], 0)
            do throws(InstanceError) {
                if let group { try cgroups.place(process.pid, in: group) }
            } catch {
                linux_pidfd_signal(process.descriptor, SIGKILL)
                close(process.descriptor)
                throw error
            }
            return ForkedProcess(
                number: number,
                group: group,
                pidDescriptor: process.descriptor,
                socket: ends[0]
            )
        } catch {
            close(ends[0])
            if let group { _ = cgroups.remove(group) }
            throw error
        }
    }

    /// A group that could not be made whole is removed: its sandbox may be going just now.
    private static func makeGroup(
        _ group: String,
        _ limits: Cgroups.Limits,
        _ cgroups: Cgroups
    ) throws(InstanceError) {
        do throws(InstanceError) {
            try cgroups.make(group, limits, isBelow: true)
        } catch {
            _ = cgroups.remove(group)
            throw error
        }
    }

    /// Ends a process that never became an instance.
    func discard() {
        linux_pidfd_signal(pidDescriptor, SIGKILL)
        close(pidDescriptor)
        close(socket)
    }

    private static func sendFork(_ number: UInt32, descriptor: CInt, to control: CInt) -> Bool {
        var buffer = ByteBuffer()
        Frame(.fork, stream: number).write(into: &buffer)
        return buffer.withUnsafeReadableBytes {
            linux_send_with_descriptor(control, $0.baseAddress, $0.count, descriptor) == $0.count
        }
    }

    private static func hello(
        _ number: UInt32,
        socket: CInt,
        millisMax: Int
    ) throws(InstanceError) -> (pid: pid_t, descriptor: CInt) {
        var bytes = [UInt8](repeating: 0, count: FrameHeader.byteCount)
        var pid: pid_t = 0
        let count = linux_receive_with_pid(
            socket,
            &bytes,
            bytes.count,
            CInt(clamping: millisMax),
            &pid
        )
        guard count == bytes.count else {
            throw count < 0 && errno == ETIMEDOUT
                ? InstanceError(.outOfTime, "the fork took longer than \(millisMax) ms")
                : InstanceError(.attachRaised, "the forked process ended before it said hello")
        }
        let header = try? FrameHeader(peeking: ByteBuffer(bytes: bytes))
        guard header?.kind == .hello, header?.payloadBytes == 0, pid > 0 else {
            throw InstanceError(.host, "the forked process did not say hello")
        }
        let descriptor = linux_pidfd_open(pid)
        guard descriptor >= 0 else {
            throw InstanceError(.attachRaised, "the forked process ended at once")
        }
        return (pid, descriptor)
    }
}
