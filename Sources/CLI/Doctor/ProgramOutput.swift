import Glibc

/// Asks a program for its version.
enum ProgramOutput {
    /// The first line on its standard output; nil when it could not be run or failed.
    static func firstLine(of path: String, _ argument: String) -> String? {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let process = spawn(path, argument, output: ends[1])
        close(ends[1])
        guard let process else { return nil }
        let text = FileText.read(ends[0])
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { return nil }
        return text.map { String($0.prefix { $0 != "\n" }) }
    }

    private static func spawn(_ path: String, _ argument: String, output: Int32) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var words: [UnsafeMutablePointer<CChar>?] = [strdup(path), strdup(argument), nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        return posix_spawn(&process, path, &actions, nil, &words, environ) == 0 ? process : nil
    }
}
