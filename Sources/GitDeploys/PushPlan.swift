package import Functions
package import GatewayAPI

/// What a push changes of what is deployed.
package struct PushPlan: Sendable, Hashable {
    /// A function that the commit has, by the name that it is served under.
    package struct Item: Sendable, Hashable {
        package let name: FunctionName
        package let digest: String
        /// In the repository.
        package let folder: String

        package init(name: FunctionName, digest: String, folder: String) {
            self.name = name
            self.digest = digest
            self.folder = folder
        }
    }

    /// To be built, loaded and tried.
    package private(set) var changed: [Item] = []
    /// Their bundles serve already.
    package private(set) var unchanged: [Item] = []
    /// To go out of service.
    package private(set) var removed: [FunctionName] = []
    /// What the one who pushes should know.
    package private(set) var notes: [String] = []

    /// `deployed` is what the gateway has; `prune` whether what is gone from the tree is removed;
    /// `isWhole` is false when there are folders whose function is not known, so that nothing can
    /// be said to be gone; `takenOff` has the revisions with the bundles of these items that
    /// somebody took off the traffic.
    package init(
        items: [Item],
        deployed: [FunctionSummary],
        origin: Origin,
        prune: Bool,
        isWhole: Bool = true,
        takenOff: [FunctionName: Int] = [:]
    ) {
        let known = Dictionary(deployed.map { ($0.name, $0) }) { first, _ in first }
        for item in items.sorted(by: { $0.name < $1.name }) {
            let before = known[item.name.description]
            if let before, before.digest == item.digest {
                unchanged.append(item)
                noteUnchanged(before, origin)
            } else if let fallback = before?.fallback, fallback.digest == item.digest {
                keep(item, "was tried as revision \(fallback.from)", fallback.from)
            } else if let number = takenOff[item.name] {
                keep(item, "is revision \(number), which was taken off the traffic,", number)
            } else {
                changed.append(item)
                note(item, before, origin)
            }
        }
        guard isWhole else { return }
        let names = Set(items.map(\.name.description))
        for name in Self.names(deployed, from: origin) where !names.contains(name.description) {
            if prune {
                removed.append(name)
            } else {
                notes.append(
                    "\(name) serves on, though its folder is gone: `faas remove \(name)` removes "
                        + "it, and `prune: true` in faas.yaml does so by itself"
                )
            }
        }
    }

    /// The functions that came from the same branch of the same repository.
    package static func names(
        _ deployed: [FunctionSummary],
        from origin: Origin
    ) -> [FunctionName] {
        deployed
            .filter {
                $0.origin.repository == origin.repository && $0.origin.branch == origin.branch
            }
            .compactMap { FunctionName($0.name) }
            .sorted()
    }

    /// The latest revision with the bundle, if it was taken off the traffic: all that takes some is
    /// older, as `faas rollback` leaves it.
    ///
    /// An older one is what a commit may go back to.
    package static func takenOff(_ digest: String, _ revisions: [RevisionReport]) -> Int? {
        let taking = revisions.filter { ($0.share ?? Share.none) > Share.none }.map(\.number).max()
        guard let taking else { return nil }
        return revisions.filter { $0.isKept && $0.digest == digest && $0.number > taking }
            .map(\.number).max()
    }

    private mutating func keep(_ item: Item, _ fate: String, _ number: Int) {
        unchanged.append(item)
        notes.append(
            "\(item.name): this bundle \(fate) and is not deployed again: change it, or "
                + "`faas promote \(item.name) \(number)`"
        )
    }

    private mutating func noteUnchanged(_ before: FunctionSummary, _ origin: Origin) {
        guard before.origin.repository != origin.repository else { return }
        let place = before.origin.repository.map { "by the repository \($0)" } ?? "by hand"
        notes.append(
            "\(before.name) serves this bundle already, deployed \(place): it becomes this "
                + "repository's once a commit changes it"
        )
    }

    private mutating func note(_ item: Item, _ before: FunctionSummary?, _ origin: Origin) {
        guard let other = before?.origin.repository, other != origin.repository else { return }
        notes.append("\(item.name) came from the repository \(other) until now")
    }
}
