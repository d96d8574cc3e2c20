/// One line of the answer to a deploy: a step that begins, goes on or ends it.
///
/// The last line is `done`, with `function`, or `failed`, with `problem`. A step may be sent again
/// with a new message while it goes on.
package struct DeployEvent: Sendable, Hashable, Codable {
    package var step: Step
    /// One line for a person.
    package var message: String
    /// More of it, such as a line that an installer printed.
    package var detail: String?
    /// Since the request was accepted.
    package var elapsedMillis: Int64
    /// What serves now; on `done` only.
    package var function: FunctionDescription?
    /// Why nothing changed; on `failed` only.
    package var problem: Problem?
    /// On `done`: true when this bundle was serving already, so that nothing was done.
    package var unchanged: Bool?

    package init(
        step: Step,
        message: String,
        detail: String? = nil,
        elapsedMillis: Int64,
        function: FunctionDescription? = nil,
        problem: Problem? = nil,
        unchanged: Bool? = nil
    ) {
        self.step = step
        self.message = message
        self.detail = detail
        self.elapsedMillis = elapsedMillis
        self.function = function
        self.problem = problem
        self.unchanged = unchanged
    }
}

extension DeployEvent {
    /// The steps in their order.
    package enum Step: String, Sendable, Hashable, Codable, CaseIterable {
        /// The bundle is here, and its digest known.
        case received
        case manifest
        /// Requirements become a layer, or a cached layer is used.
        case requirements
        /// The model's weights are fetched and checked, or are there already.
        case weights
        case sandbox
        /// The zygote imports the handler and loads its model.
        case load
        /// An instance is forked from the zygote and tried.
        case trial
        /// The sample is invoked and its answer compared.
        case sample
        /// It can serve and waits for the others of its push; the last one where a push was named.
        case prepared
        /// Traffic goes to the new revision.
        case serving
        case done
        case failed

        /// Nothing follows it.
        package var isLast: Bool { self == .done || self == .failed || self == .prepared }
    }
}
