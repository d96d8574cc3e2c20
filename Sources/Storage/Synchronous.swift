/// How far a commit goes before it counts, as SQLite's `PRAGMA synchronous` has it.
package enum Synchronous: String, Sendable, Hashable, CaseIterable, Codable {
    /// Into the operating system's memory: survives `kill -9` of the process, and after a loss of
    /// power the file is whole but may lack the last moments.
    case normal
    /// Onto the disk: survives a loss of power, at the price of one `fsync` a commit.
    case full
}
