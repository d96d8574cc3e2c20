import GatewayAPI

extension Problem {
    /// What a person at a terminal can do about it.
    func advice(invocationID: String?) -> String? {
        if let retryAfterSeconds {
            return "try again in \(retryAfterSeconds) s"
        }
        return knownCode.flatMap { requestAdvice($0) ?? deployAdvice($0) ?? eventAdvice($0) }
            ?? invocationAdvice(invocationID)
    }

    private func requestAdvice(_ code: ProblemCode) -> String? {
        switch code {
        case .unauthorized: "set FAAS_TOKEN to an API key of this gateway"
        case .forbidden: "use an API key of the account that owns the function"
        case .functionNotFound: "`faas list` shows what is deployed; `faas deploy FOLDER` deploys"
        case .invocationNotFound: "an invocation that was rejected leaves no record"
        case .nameInvalid: "use 1 to 63 of a-z, 0-9 and -, with no - at either end"
        case .routeNotFound, .methodNotAllowed:
            "the gateway may be of another version; check FAAS_URL and `faas doctor`"
        case .payloadTooLarge, .answerTooLarge:
            "raise limits.payload in function.yaml, or send less"
        case .deployInProgress: "wait for the other deploy to end, then deploy again"
        case .draining, .notReady, .queueFull, .rateLimited: "try again in a moment"
        default: nil
        }
    }

    private func deployAdvice(_ code: ProblemCode) -> String? {
        switch code {
        case .moduleNotFound: "name the module's package in requirements.txt and deploy again"
        case .attributeNotFound, .signatureInvalid:
            "handler.py must define predict, predict_batch or handle with typed arguments"
        case .requirementsFailed: "correct requirements.txt and deploy again"
        case .sampleFailed: "correct the handler, sample.json or sample.expected.json"
        case .manifestInvalid, .bundleInvalid: "correct the function folder and deploy again"
        case .importRaised, .loadRaised, .trialFailed: "correct handler.py and deploy again"
        case .loadTimedOut:
            "make import, load and attach quicker; what the first two may take together is "
                + "loadMillisMax in the gateway's configuration"
        case .sandboxFailed: "`faas doctor` says what the host lacks"
        case .revisionNotFound, .trafficInvalid: "`faas revisions NAME` lists what can be served"
        case .weightsFailed: "correct the model in function.yaml and deploy again"
        case .pushNotFound: "push again"
        case .repositoryNotFound: "`faas git list` shows the repositories"
        case .gitFailed: "the gateway's log says what git said"
        default: nil
        }
    }

    private func eventAdvice(_ code: ProblemCode) -> String? {
        switch code {
        case .queueNotFound:
            "`faas queue list` shows the queues; one is made when a manifest that names it deploys"
        case .messageInvalid: "nothing of it was enqueued: correct it and send it again"
        case .resultNotFound:
            "results are kept for a time; `faas why ID` still says what became of the invocation"
        case .queueInUse:
            "drain or purge it, and deploy the functions that name it without it"
        case .storageFull: "free space on the gateway's disk; `faas doctor` says how much there is"
        case .triggerFailed:
            "correct the trigger in function.yaml, or start what it names, and deploy again"
        case .callbackInvalid:
            "give an http or https URL that is neither a link-local nor a metadata address"
        default: nil
        }
    }

    private func invocationAdvice(_ invocationID: String?) -> String? {
        switch (knownCode, invocationID) {
        case (.inputInvalid, _): "`faas describe NAME` shows the input's schema"
        case (.outOfMemory, _): "raise limits.memory in function.yaml and deploy again"
        case (_, let id?): "`faas why \(id)` says more"
        default: nil
        }
    }
}
