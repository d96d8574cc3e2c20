/// Every code that the gateway answers with, and the one table of their HTTP statuses.
package enum ProblemCode: String, Sendable, Hashable, CaseIterable {
    // The request.
    case requestInvalid, nameInvalid, queryInvalid, unauthorized, forbidden, routeNotFound
    case methodNotAllowed, lengthRequired, payloadTooLarge, uriTooLong, headersTooLarge
    case requestTimedOut, transferCodingUnsupported
    // What it names.
    case functionNotFound, invocationNotFound, deployInProgress
    // Queues, schedules and asynchronous invocations.
    case queueNotFound, queueInvalid, messageInvalid, resultNotFound, queueInUse, storageFull
    case triggerFailed, callbackInvalid
    // A bundle and its way to serving.
    case bundleInvalid, manifestInvalid, requirementsFailed, sandboxFailed
    case moduleNotFound, attributeNotFound, importRaised, loadRaised, signatureInvalid
    case loadTimedOut, trialFailed, sampleFailed
    case weightsFailed
    // Revisions, repositories and pushes.
    case revisionNotFound, trafficInvalid, pushNotFound, pushInProgress, repositoryNotFound
    case gitBusy, gitFailed
    // An invocation.
    case inputInvalid, queueFull, rateLimited, quotaExceeded, handlerRaised, outputInvalid
    case answerTooLarge, outOfMemory, instanceDied, notReady, draining, timedOut, cancelled
    case `internal`
}

extension ProblemCode {
    /// The HTTP status that this code is answered with.
    package var status: Int {
        switch self {
        case .requestInvalid, .nameInvalid, .queryInvalid, .bundleInvalid, .manifestInvalid,
            .inputInvalid, .queueInvalid, .messageInvalid, .callbackInvalid,
            .trafficInvalid:
            400
        case .unauthorized: 401
        case .forbidden: 403
        case .routeNotFound, .functionNotFound, .invocationNotFound, .queueNotFound,
            .resultNotFound, .revisionNotFound, .pushNotFound, .repositoryNotFound:
            404
        case .methodNotAllowed: 405
        case .requestTimedOut: 408
        case .deployInProgress, .queueInUse, .pushInProgress: 409
        case .lengthRequired: 411
        case .payloadTooLarge: 413
        case .uriTooLong: 414
        case .requirementsFailed, .moduleNotFound, .attributeNotFound, .importRaised, .loadRaised,
            .signatureInvalid, .loadTimedOut, .trialFailed, .sampleFailed, .triggerFailed,
            .weightsFailed:
            422
        case .queueFull, .rateLimited, .quotaExceeded: 429
        case .headersTooLarge: 431
        case .cancelled: 499
        case .handlerRaised, .outputInvalid, .answerTooLarge, .sandboxFailed, .gitFailed, .internal:
            500
        case .transferCodingUnsupported: 501
        case .outOfMemory, .instanceDied: 502
        case .notReady, .draining, .gitBusy: 503
        case .timedOut: 504
        case .storageFull: 507
        }
    }

    /// A short sentence that is the same every time.
    package var title: String {
        switch self {
        case .requestInvalid: "The request is not valid HTTP"
        case .nameInvalid: "The name is not a function name"
        case .queryInvalid: "A query parameter is not valid"
        case .unauthorized: "An API key is needed"
        case .forbidden: "The API key does not allow this"
        case .routeNotFound: "There is no such route"
        case .methodNotAllowed: "The route does not take this method"
        case .lengthRequired: "The request does not say how long its body is"
        case .payloadTooLarge: "The body is over the limit"
        case .uriTooLong: "The request's target is over the limit"
        case .headersTooLarge: "The header fields are over the limit"
        case .requestTimedOut: "The request did not arrive in time"
        case .transferCodingUnsupported: "The body's transfer coding is not known here"
        case .functionNotFound: "There is no such function"
        case .invocationNotFound: "There is no such invocation"
        case .deployInProgress: "The function is being deployed already"
        default: deployTitle ?? eventTitle ?? invocationTitle
        }
    }

    private var deployTitle: String? {
        switch self {
        case .bundleInvalid: "The bundle is not valid"
        case .manifestInvalid: "The manifest is not valid"
        case .requirementsFailed: "The requirements could not be installed"
        case .sandboxFailed: "The sandbox could not be made"
        case .moduleNotFound: "The handler imports a module that is not there"
        case .attributeNotFound: "The handler defines nothing to invoke"
        case .importRaised: "The handler raised while it was imported"
        case .loadRaised: "The handler's load raised"
        case .signatureInvalid: "The handler's signature cannot be served"
        case .loadTimedOut: "The handler did not load in time"
        case .trialFailed: "No instance could answer a trial invocation"
        case .sampleFailed: "The sample was not answered as expected"
        case .triggerFailed: "A trigger of the manifest cannot be served"
        case .weightsFailed: "The model's weights could not be fetched"
        case .revisionNotFound: "There is no such revision"
        case .trafficInvalid: "The division of traffic is not valid"
        case .pushNotFound: "There is no such push"
        case .pushInProgress: "Another push to the repository is under way"
        case .repositoryNotFound: "There is no such repository"
        case .gitBusy: "Too many fetches and pushes are under way"
        case .gitFailed: "git failed"
        default: nil
        }
    }

    private var eventTitle: String? {
        switch self {
        case .queueNotFound: "There is no such queue"
        case .queueInvalid: "The queue's name or an option is not valid"
        case .messageInvalid: "The messages are not valid"
        case .resultNotFound: "There is no such result"
        case .queueInUse: "The queue is in use"
        case .storageFull: "The gateway's disk is full"
        case .callbackInvalid: "The callback's URL is not allowed"
        default: nil
        }
    }

    private var invocationTitle: String {
        switch self {
        case .inputInvalid: "The input does not fit the handler's types"
        case .queueFull: "Too much is waiting"
        case .rateLimited: "Too many invocations in this time"
        case .quotaExceeded: "The account's quota is used up"
        case .handlerRaised: "The handler raised"
        case .outputInvalid: "The handler's result cannot be sent"
        case .answerTooLarge: "The answer is over the limit"
        case .outOfMemory: "The instance ran out of memory"
        case .instanceDied: "The instance died"
        case .notReady: "The gateway could not serve this in time"
        case .draining: "The gateway is stopping"
        case .timedOut: "The invocation timed out"
        case .cancelled: "The client went away"
        default: "The gateway failed"
        }
    }
}
