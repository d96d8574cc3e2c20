import ArgumentParser
import Functions
import GitDeploys
import Glibc

extension Git.GitHook {
    /// What the hooks' files run.
    struct GitHookRun: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run",
            abstract: "Be a hook: git says on the standard input what is pushed.",
            shouldDisplay: false
        )

        @Argument(help: "pre-receive or post-receive.")
        var hook: HookScript.Hook

        @Option(help: "A hook to run first, where there is one.", completion: .file())
        var before: String?

        func run() throws {
            signal(SIGPIPE, SIG_IGN)
            // What was taken is carried through, whoever goes away.
            if hook == .postReceive { ignoreEnds() }
            let environment = Console.current.environment
            do {
                let input = try Self.input()
                if let before {
                    let status = try KeptHook.run(before, input: input, environment: environment)
                    guard status == 0 || hook == .postReceive else {
                        throw CommandFailure(.refused, nil)
                    }
                }
                let updates = try RefUpdate.read(input)
                let setting = try PushSetting(hook: hook)
                guard setting.deploys, updates.contains(where: { $0.branch != nil }) else {
                    return
                }
                try setting.run { hooks in
                    switch hook {
                    case .preReceive: try hooks.preReceive(updates)
                    case .postReceive: try hooks.postReceive(updates)
                    }
                }
            } catch let error as GitDeployError {
                throw CommandFailure(error)
            }
        }

        private func ignoreEnds() {
            for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_IGN) }
            // Whoever ends the push ends its group of processes.
            setpgid(0, 0)
        }

        private static let inputBytesMax = 2 << 20

        private static func input() throws(GitDeployError) -> [UInt8] {
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = read(Console.current.input, &piece, piece.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return bytes }
                bytes.append(contentsOf: piece[..<count])
                guard bytes.count <= inputBytesMax else {
                    throw GitDeployError(
                        .limitExceeded,
                        "the push changes more references than \(GitLimits.updateCountMax)",
                        advice: "push them in several times"
                    )
                }
            }
        }
    }
}

extension HookScript.Hook: ExpressibleByArgument {}
