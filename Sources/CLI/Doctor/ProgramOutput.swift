import Glibc

/// Runs a program for what it prints.
enum ProgramOutput {
    /// Where a program is, by the folders of `PATH`.
    static func path(of name: String, _ environment: [String: String]) -> String? {
        (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
            .map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }

    /// The first line on its standard output; nil when it could not be run or failed.
    static func firstLine(of path: String, _ arguments: [String]) -> String? {
        var text: String?
        let status = run(path, arguments, environment: nil, isQuiet: true) {
            text = FileText.read($0)
        }
        guard status == 0 else { return nil }
        return text.map { String($0.prefix { $0 != "\n" }) }
    }

    /// Hands over what it prints as it comes, and gives its exit status; nil when it could not be
    /// run or was killed.
    static func copy(
        _ path: String,
        _ arguments: [String],
        environment: [String: String],
        to output: (UnsafeRawBufferPointer) -> Void
    ) -> Int32? {
        run(path, arguments, environment: environment, isQuiet: false) { source in
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = Glibc.read(source, &chunk, chunk.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                chunk.withUnsafeBytes { output(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            }
        }
    }

    private static func run(
        _ path: String,
        _ arguments: [String],
        environment: [String: String]?,
        isQuiet: Bool,
        read: (Int32) -> Void
    ) -> Int32? {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        if isQuiet {
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        }
        let process = spawn(path, arguments, environment, &actions)
        posix_spawn_file_actions_destroy(&actions)
        close(ends[1])
        guard let process else { return nil }
        read(ends[0])
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : nil
    }

    /// Without an environment it has this process's.
    private static func spawn(
        _ path: String,
        _ arguments: [String],
        _ environment: [String: String]?,
        _ actions: inout posix_spawn_file_actions_t
    ) -> pid_t? {
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        var variables = (environment ?? [:]).map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + variables { free(word) } }
        var process: pid_t = 0
        let result =
            environment == nil
            ? posix_spawn(&process, path, &actions, nil, &words, environ)
            : posix_spawn(&process, path, &actions, nil, &words, &variables)
        return result == 0 ? process : nil
    }
}
