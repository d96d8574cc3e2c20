import Glibc

/// Runs git, and waits for it; for threads that may block.
package struct GitProgram: Sendable {
    /// Of the program.
    package let path: String
    /// What git is told of its surroundings: in a hook, where the objects of the push lie.
    package let environment: [String: String]

    /// Looks for git in the folders of `PATH`.
    ///
    /// - Throws: `gitFailed` when it is not there.
    package init(environment: [String: String]) throws(GitDeployError) {
        let folders = environment["PATH"] ?? "/usr/bin:/bin"
        let candidates = folders.split(separator: ":").map { "\($0)/git" }
        guard let path = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw GitDeployError(.gitFailed, "there is no git in \(folders)", advice: "install git")
        }
        self.path = path
        self.environment = environment
    }

    /// What git prints; nil when it ends with the status 1, which is its word for "there is none".
    ///
    /// - Throws: `gitFailed` for any other status.
    func find(_ arguments: [String]) throws(GitDeployError) -> [UInt8]? {
        let (status, output, complaint) = try run(arguments)
        if status == 1 { return nil }
        guard status == 0 else { throw failure(arguments, status, complaint) }
        return output
    }

    /// What git prints.
    ///
    /// - Throws: `gitFailed` unless it ends with the status 0.
    @discardableResult
    package func output(_ arguments: [String]) throws(GitDeployError) -> [UInt8] {
        let (status, output, complaint) = try run(arguments)
        guard status == 0 else { throw failure(arguments, status, complaint) }
        return output
    }

    private func run(
        _ arguments: [String]
    ) throws(GitDeployError) -> (status: Int, output: [UInt8], complaint: [UInt8]) {
        let child = try ChildProcess(path, arguments, environment: environment)
        child.closeInput()
        var output: [UInt8] = []
        var complaint: [UInt8] = []
        var watched = [
            pollfd(fd: child.output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: child.errors, events: Int16(POLLIN), revents: 0),
        ]
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while watched.contains(where: { $0.fd >= 0 }) {
            guard poll(&watched, nfds_t(watched.count), -1) > 0 else { continue }
            for index in watched.indices where watched[index].revents != 0 {
                let count = Glibc.read(watched[index].fd, &piece, piece.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    watched[index].fd = -1
                    continue
                }
                if index == 0 {
                    output.append(contentsOf: piece[..<count])
                } else if complaint.count < GitLimits.complaintBytesMax {
                    complaint.append(contentsOf: piece[..<count])
                }
            }
            guard output.count <= GitLimits.outputBytesMax else {
                throw GitDeployError(
                    .limitExceeded,
                    "\(child.name) says more than \(GitLimits.outputBytesMax) bytes"
                )
            }
        }
        return (child.wait(), output, complaint)
    }

    private func failure(
        _ arguments: [String],
        _ status: Int,
        _ complaint: [UInt8]
    ) -> GitDeployError {
        let lines = String(decoding: complaint, as: UTF8.self).split(whereSeparator: \.isNewline)
        let command = arguments.first { !$0.hasPrefix("-") && !$0.hasPrefix("/") } ?? ""
        return GitDeployError(
            .gitFailed,
            lines.first.map { "git \(command): \($0)" }
                ?? "git \(command) ended with the status \(status)",
            details: lines.dropFirst().map(String.init)
        )
    }
}
