/// Installs requirements into layers: folders that sandboxes see on their import path.
package protocol LayerInstaller: Sendable {
    /// Where a layer is, whether it has been built or not.
    func path(_ digest: String) -> String

    func exists(_ digest: String) -> Bool

    /// Builds a layer unless it is there; `progress` gets the installer's lines as they come.
    ///
    /// When it throws, nothing of the layer is left.
    func build(
        _ order: LayerOrder,
        progress: @escaping @Sendable (String) -> Void
    )
        async throws(InstanceError)
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
