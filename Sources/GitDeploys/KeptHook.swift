import CLinux
import Glibc

/// The hook that was there before ours.
package enum KeptHook {
    /// Runs it with the same lines on its standard input; what it prints goes where ours goes.
    ///
    /// Its exit status; 0 where there is none, or none that may be run.
    package static func run(
        _ path: String,
        input: [UInt8],
        environment: [String: String]
    ) throws(GitDeployError) -> Int {
        guard access(path, X_OK) == 0 else { return 0 }
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw GitDeployError(.fileSystem, "no pipe: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var pid: pid_t = 0
        let descriptors = [ends[0], STDOUT_FILENO, STDERR_FILENO]
        var words = [strdup(path), nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + variables { free(word) } }
        let error = linux_spawn(&pid, path, &words, &variables, descriptors, 3)
        close(ends[0])
        guard error == 0 else {
            close(ends[1])
            throw GitDeployError(
                .repositoryInvalid,
                "the hook \(path) cannot be run: \(String(cString: strerror(error)))"
            )
        }
        var rest = input[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(ends[1], $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // It need not read what it is told.
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        close(ends[1])
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? Int(status >> 8) & 0xff : 128 + Int(status & 0x7f)
    }
}
