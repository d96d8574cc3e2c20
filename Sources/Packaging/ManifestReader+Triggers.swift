extension ManifestReader {
    /// Every function answers HTTP, so an `http` entry adds nothing; the others come later.
    static func checkTriggers(_ top: ManifestSection) {
        let countMax = ManifestLimits.triggerCountMax
        for value in top["triggers"]?.list(countMax: countMax, of: "triggers") ?? [] {
            guard let kind = triggerKind(value) else { continue }
            switch kind {
            case "http": continue
            case "queue", "schedule":
                value.fault("is a \(kind) trigger, which is not supported by this gateway yet")
            default:
                let kinds = ["http", "queue", "schedule"]
                value.fault(
                    "is '\(kind.prefix(80))', which is no trigger",
                    allowed: kinds.joined(separator: ", "),
                    nearest: NearestWord.of(kind, among: kinds)
                )
            }
        }
    }

    /// `http`, or the one key of `http: { ... }`.
    private static func triggerKind(_ value: ManifestValue) -> String? {
        let allowed = "a trigger's kind, or a map with it as the only key"
        guard value.isMap else { return value.text(allowed: allowed) }
        guard let entries = ManifestSection.entries(of: value) else { return nil }
        guard entries.count == 1 else {
            value.fault("has \(entries.count) keys", allowed: allowed)
            return nil
        }
        return entries.first?.key
    }
}
