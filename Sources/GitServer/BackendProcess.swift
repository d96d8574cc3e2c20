import CLinux
import GatewayAPI
import Glibc
import NIOConcurrencyHelpers

/// A `git http-backend` that runs: its head is read here, its bodies are streamed elsewhere.
///
/// It is ended, with what it started, when this goes.
final class BackendProcess: Sendable {
    private let pid: pid_t
    /// Stands for the process even after its pid is used anew.
    private let pidDescriptor: CInt
    /// A bounded file: what does not fit is lost.
    private let complaints: CInt
    private let state: NIOLockedValueBox<State>

    private struct State {
        /// To its standard input and from its standard output; -1 once handed over.
        var input: CInt
        var output: CInt
        var hasEnded = false
        var isStopped = false
    }

    /// - Throws: `Problem` when it cannot be started.
    init(git: String, environment: [String: String]) throws {
        var input: [CInt] = [-1, -1]
        var output: [CInt] = [-1, -1]
        complaints = linux_bounded_file("git-errors", GitServerLimits.complaintBytesMax)
        guard complaints >= 0, pipe(&input) == 0, pipe(&output) == 0 else {
            let problem = Self.failure("start")
            for descriptor in [complaints] + input where descriptor >= 0 { close(descriptor) }
            throw problem
        }
        for end in input + output { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var pid: pid_t = 0
        let descriptors = [input[0], output[1], complaints]
        var words: [UnsafeMutablePointer<CChar>?] = [strdup(git), strdup("http-backend"), nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + variables { free(word) } }
        let error = linux_spawn(&pid, git, &words, &variables, descriptors, 3)
        close(input[0])
        close(output[1])
        guard error == 0 else {
            for descriptor in [complaints, input[1], output[0]] { close(descriptor) }
            errno = error
            throw Self.failure("start")
        }
        self.pid = pid
        pidDescriptor = linux_pidfd_open(pid)
        state = NIOLockedValueBox(State(input: input[1], output: output[0]))
    }

    deinit {
        let (input, output) = takeDescriptors()
        for descriptor in [input, output] where descriptor >= 0 { close(descriptor) }
        if !state.withLockedValue({ $0.hasEnded }) {
            kill(-pid, SIGKILL)
            _ = wait()
        }
        if pidDescriptor >= 0 { close(pidDescriptor) }
        close(complaints)
    }

    /// Hands over the ends of its standard input and output; -1 the second time.
    func takeDescriptors() -> (input: CInt, output: CInt) {
        state.withLockedValue { state in
            defer { (state.input, state.output) = (-1, -1) }
            return (state.input, state.output)
        }
    }

    /// Reads the head of its answer, and what came with it; blocks.
    ///
    /// - Throws: `Problem` when it is none, or not there in time.
    func head() throws -> (BackendHead, rest: [UInt8]) {
        let output = state.withLockedValue { $0.output }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            if let end = BackendHead.end(in: bytes), let head = BackendHead(bytes[..<end]) {
                return (head, Array(bytes[end...]))
            }
            guard bytes.count < GitServerLimits.headBytesMax else { break }
            var watched = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            let ready = poll(&watched, 1, CInt(GitServerLimits.headMillisMax))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { break }
            let count = read(output, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes.append(contentsOf: piece[..<count])
        }
        stop()
        throw Problem(.gitFailed, detail: "git http-backend did not answer as it should.")
    }

    /// Asks it, and what it started, to end.
    func stop() {
        let isFirst = state.withLockedValue { state in
            defer { state.isStopped = true }
            return !state.isStopped && !state.hasEnded
        }
        if isFirst { kill(-pid, SIGTERM) }
    }

    /// Its exit status, or 128 and the signal that ended it; blocks, but not for longer than the
    /// grace once it was asked to end.
    func wait() -> Int {
        let isStopped = state.withLockedValue { $0.isStopped }
        if isStopped, pidDescriptor >= 0 {
            var watched = pollfd(fd: pidDescriptor, events: Int16(POLLIN), revents: 0)
            if poll(&watched, 1, CInt(GitServerLimits.graceMillisMax)) == 0 { kill(-pid, SIGKILL) }
        }
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { break }
        }
        state.withLockedValue { $0.hasEnded = true }
        return status & 0x7f == 0 ? Int(status >> 8) & 0xff : 128 + Int(status & 0x7f)
    }

    /// What it wrote to its standard error, by line.
    func complaintLines() -> [String] {
        var bytes = [UInt8](repeating: 0, count: GitServerLimits.complaintBytesMax)
        let count = max(0, pread(complaints, &bytes, bytes.count, 0))
        let text = String(decoding: bytes[..<count].prefix { $0 != 0 }, as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).map(String.init)
    }

    private static func failure(_ verb: String) -> Problem {
        Problem(
            .gitFailed,
            detail: "git cannot be \(verb)ed: \(String(cString: strerror(errno)))."
        )
    }
}
