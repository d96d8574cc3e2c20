import CLinux
import Glibc
import Instances

/// A program of the host, run to its end.
///
/// Blocking; not for event loops.
struct HostProgram {
    let path: String

    /// As the other `run`; what it prints is appended to the file `output`.
    func run(
        _ arguments: [String],
        appendingTo output: String,
        stop: ProgramStop? = nil
    ) throws(InstanceError) -> Int {
        let log = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard log >= 0 else { throw Files.failure("open", output) }
        defer { close(log) }
        return try run(arguments, output: log, stop: stop)
    }

    /// Runs it without input; what it prints goes to `output`.
    ///
    /// Its exit status, or 128 and the signal that ended it. `descriptor` becomes its descriptor 3.
    /// `stop` ends it early.
    func run(
        _ arguments: [String],
        output: CInt,
        descriptor: CInt? = nil,
        stop: ProgramStop? = nil
    ) throws(InstanceError) -> Int {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw Files.failure("open", "/dev/null") }
        defer { close(null) }
        var pid: pid_t = 0
        let descriptors = [null, output, output] + (descriptor.map { [$0] } ?? [])
        let error = withArguments([path] + arguments) { argv in
            withArguments(["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]) { envp in
                linux_spawn(&pid, path, argv, envp, descriptors, CInt(descriptors.count))
            }
        }
        guard error == 0 else {
            throw InstanceError(
                .host,
                "cannot start \(path): \(String(cString: strerror(error)))"
            )
        }
        stop?.began(pid)
        if let stop {
            // Not reaped yet: its id must stand for it for as long as it may be killed.
            var ended = siginfo_t()
            while waitid(P_PID, id_t(pid), &ended, WEXITED | WNOWAIT) < 0, errno == EINTR {}
            stop.ended()
        }
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? Int(status >> 8) & 0xff : 128 + Int(status & 0x7f)
    }
}

/// Lends `strings` as a null-terminated array of C strings.
private func withArguments<Result>(
    _ strings: [String],
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("never empty") }
        return body(base)
    }
}
