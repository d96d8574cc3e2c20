/// Installs requirements into layers: folders that sandboxes see on their import path.
package protocol LayerInstaller: Sendable {
    /// Where a layer is, whether it has been built or not.
    func path(_ digest: String) -> String

    func exists(_ digest: String) -> Bool

    /// Builds a layer unless it is there; `progress` is told how that goes.
    ///
    /// When it throws, nothing of the layer is left. A task that is cancelled ends the build, in
    /// line as well as under way: the error is `.closed` then, as it is once the node stops.
    func build(
        _ order: LayerOrder,
        progress: @escaping @Sendable (LayerProgress) -> Void
    )
        async throws(InstanceError)

    /// Removes all layers but those with these digests and the runtime's own; whole or not at all,
    /// whenever the gateway is killed.
    ///
    /// Blocking.
    func removeAll(except needed: Set<String>)
}

/// How the building of a layer goes.
package enum LayerProgress: Sendable, Equatable {
    /// So many builds run, and no more may at once: it waits in line.
    case waiting(running: Int)
    /// It runs now.
    case began
    /// What the installer printed: a line, or as much of it as may come at once.
    case line(String)
}

/// What to install.
package struct LayerOrder: Sendable {
    /// Names the layer: the same requirements are installed once.
    package var digest: String
    /// Lines for the installer, versions included.
    package var lines: [String]
    /// Options of the installer, such as `--no-deps`.
    package var flags: [String]

    package init(digest: String, lines: [String], flags: [String]) {
        self.digest = digest
        self.lines = lines
        self.flags = flags
    }
}
