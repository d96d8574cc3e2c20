package import Functions

/// What runs functions on other events than requests.
package protocol TriggerBinder: Sendable {
    /// Whether triggers can run here; throws a `Problem` that says why not.
    func check(_ manifest: Manifest, of name: FunctionName, for account: Account) async throws

    /// Lets a revision's triggers run, in place of those of the revision before it.
    ///
    /// `isRestored`: it was deployed before this gateway was started.
    func bind(_ revision: Revision, isRestored: Bool) async throws

    /// Stops a function's triggers; what was enqueued for it stays.
    func unbind(_ name: FunctionName) async throws
}
