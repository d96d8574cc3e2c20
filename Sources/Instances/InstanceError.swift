package import RuntimeProtocol

/// Why a sandbox or an instance could not be had.
package struct InstanceError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The handler could not be loaded, and why.
        case load(LoadFailureCode)
        /// Loading or attaching took longer than allowed.
        case outOfTime
        /// The kernel ended the process because it passed its memory limit.
        case outOfMemory
        /// `attach` raised.
        case attachRaised
        /// The OCI runtime, the kernel or the host refused.
        case host
        /// The sandbox has ended or is being closed.
        case closed
    }

    package var code: Code
    /// For the person who must act.
    package var message: String
    /// The handler's own traceback, where it has one.
    package var traceback: String?
    /// What was printed up to the failure.
    package var log: String?

    package init(
        _ code: Code,
        _ message: String,
        traceback: String? = nil,
        log: String? = nil
    ) {
        self.code = code
        self.message = message
        self.traceback = traceback
        self.log = log
    }

    package var description: String { message }

    /// A word for `code` that stays the same: for APIs and metrics.
    package var name: String {
        switch code {
        case .load(let code): code.rawValue
        case .outOfTime: "outOfTime"
        case .outOfMemory: "outOfMemory"
        case .attachRaised: "attachRaised"
        case .host: "host"
        case .closed: "closed"
        }
    }
}

/// How an instance's process ended.
package enum InstanceEnd: Sendable, Hashable, CustomStringConvertible {
    /// The host stopped it.
    case stopped
    /// It left by itself, with this exit status.
    case exited(Int)
    /// A signal ended it.
    case signalled(Int)
    /// It passed its memory limit.
    case outOfMemory
    /// It said something that is no frame, or a frame out of place.
    case brokeProtocol(String)
    /// Its sandbox ended, and so did it.
    case sandboxEnded

    package var description: String {
        switch self {
        case .stopped: "it was stopped"
        case .exited(let status): "it exited with status \(status)"
        case .signalled(let signal): "signal \(signal) ended it"
        case .outOfMemory: "it ran out of memory"
        case .brokeProtocol(let fault): "it broke the protocol: \(fault)"
        case .sandboxEnded: "its sandbox ended"
        }
    }
}

/// How a zygote ended.
package enum SandboxEnd: Sendable, Hashable {
    case closed
    case died(String)
}
