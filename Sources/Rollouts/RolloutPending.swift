/// What a revision has been asked and has not answered.
package struct RolloutPending: Sendable, Hashable {
    /// Invocations that run or wait.
    package var count: Int
    /// For how long there has been one whenever that was looked at, while none was answered in the
    /// step.
    package var silentMillis: Int64

    package init(count: Int = 0, silentMillis: Int64 = 0) {
        self.count = count
        self.silentMillis = silentMillis
    }
}
