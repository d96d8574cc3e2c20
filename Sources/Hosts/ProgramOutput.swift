import Glibc

/// Runs a program for what it prints, and blocks meanwhile.
package enum ProgramOutput {
    /// A program whose first line is wanted is ended when none has come for this long, in
    /// milliseconds.
    private static let lineMillisMax = 10_000
    /// More than the first line of any answer has.
    private static let lineBytesMax = 4_096

    private struct Running {
        var process: pid_t
        /// The reading end of its standard output.
        var output: Int32
    }

    /// Where a program is, by the folders of `PATH`.
    package static func path(of name: String, _ environment: [String: String]) -> String? {
        (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
            .map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }

    /// The first line on its standard output, whose program is then ended; nil when it cannot be
    /// run, or prints no line in time.
    package static func firstLine(of path: String, _ arguments: [String]) -> String? {
        let environment = ["PATH": "/usr/bin:/bin"]
        guard let running = start(path, arguments, environment, isQuiet: true) else { return nil }
        let line = firstLine(from: running.output)
        // It may go on printing, or hang: either way we are done with it.
        kill(running.process, SIGKILL)
        _ = end(running)
        return line
    }

    /// Hands over what it prints as it comes, and gives its exit status; nil when it could not be
    /// run or was killed.
    package static func copy(
        _ path: String,
        _ arguments: [String],
        environment: [String: String],
        to output: (UnsafeRawBufferPointer) -> Void
    ) -> Int32? {
        guard let running = start(path, arguments, environment, isQuiet: false) else { return nil }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(running.output, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return end(running) }
            chunk.withUnsafeBytes { output(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    /// Nil unless a whole line came in time.
    private static func firstLine(from pipe: Int32) -> String? {
        let deadline = ContinuousClock.now + .milliseconds(lineMillisMax)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 512)
        while bytes.count < lineBytesMax {
            let leftMillis = (deadline - .now) / .milliseconds(1)
            guard leftMillis > 0 else { return nil }
            var wait = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
            let ready = poll(&wait, 1, Int32(leftMillis) + 1)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return nil }
            let count = read(pipe, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
            if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                return String(decoding: bytes[..<end], as: UTF8.self)
            }
        }
        return nil
    }

    /// A quiet program's standard error is thrown away.
    private static func start(
        _ path: String,
        _ arguments: [String],
        _ environment: [String: String],
        isQuiet: Bool
    ) -> Running? {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        if isQuiet {
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        }
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for word in words + variables { free(word) }
            posix_spawn_file_actions_destroy(&actions)
            close(ends[1])
        }
        var process: pid_t = 0
        guard posix_spawn(&process, path, &actions, nil, &words, &variables) == 0 else {
            close(ends[0])
            return nil
        }
        return Running(process: process, output: ends[0])
    }

    /// Waits for its exit status; nil when it was killed.
    private static func end(_ running: Running) -> Int32? {
        close(running.output)
        var status: Int32 = 0
        while waitpid(running.process, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : nil
    }
}
