import GatewayAPI
import Instances
import Packaging
import Pooling
import RuntimeProtocol

/// Why a deploy changed nothing.
extension Problem {
    init(_ error: PackagingError) {
        let code: ProblemCode =
            switch error.code {
            case .manifestInvalid: .manifestInvalid
            case .requirementsInvalid: .requirementsFailed
            case .limitExceeded: .payloadTooLarge
            case .fileSystem: .internal
            default: .bundleInvalid
            }
        self.init(
            code,
            detail: error.message,
            errors: error.faults.map { fault in
                Fault(
                    message: fault.problem,
                    file: fault.file,
                    line: fault.line,
                    advice: fault.advice
                )
            }
        )
    }

    /// A sandbox that did not open, or an instance that did not start.
    init(start error: InstanceError) {
        let code: ProblemCode =
            switch error.code {
            case .load(.moduleNotFound): .moduleNotFound
            case .load(.attributeNotFound): .attributeNotFound
            case .load(.importRaised): .importRaised
            case .load(.loadRaised): .loadRaised
            case .load(.signatureInvalid): .signatureInvalid
            case .load(.outOfMemory), .outOfMemory: .outOfMemory
            case .outOfTime: .loadTimedOut
            case .attachRaised: .trialFailed
            case .host, .closed: .sandboxFailed
            }
        let detail = [error.message, error.traceback, error.log]
            .compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "\n")
        self.init(code, detail: detail)
    }

    init(_ failure: Trial.Failure, last: InstanceError?) {
        switch failure {
        case .notStarted(let reason):
            if let last {
                self.init(start: last)
            } else {
                self.init(.trialFailed, detail: reason.message)
            }
        case .refused(let code, let message):
            let traceback = message?.traceback.map { "\n\($0)" } ?? ""
            self.init(
                .sampleFailed,
                detail: "The sample was answered with \(code.rawValue): "
                    + "\(message?.message ?? "no reason given")\(traceback)"
            )
        case .died(let end):
            self.init(.trialFailed, detail: "The instance died on the sample: \(end).")
        case .tookTooLong:
            self.init(
                .trialFailed,
                detail: "The sample was not answered within timeout.total of the manifest."
            )
        case .answerTooLarge:
            self.init(
                .trialFailed,
                detail: "The function answers its sample with more than "
                    + "\(GatheredAnswer.bytesMax >> 20) MiB: give it a smaller one."
            )
        }
    }
}

extension FileFault {
    fileprivate var advice: String? {
        let words = [nearest.map { "did you mean `\($0)`?" }, allowed.map { "allowed: \($0)" }]
        let text = words.compactMap { $0 }.joined(separator: " ")
        return text.isEmpty ? nil : text
    }
}
