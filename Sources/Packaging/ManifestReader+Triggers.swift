import Functions

extension ManifestReader {
    /// Every function answers HTTP, so an `http` entry adds nothing.
    static func triggers(_ top: ManifestSection, _ manifest: Manifest) -> Manifest.Triggers {
        var triggers = Manifest.Triggers()
        var scheduleCount = 0
        let countMax = ManifestLimits.triggerCountMax
        for value in top["triggers"]?.list(countMax: countMax, of: "triggers") ?? [] {
            guard let (kind, content) = trigger(value) else { continue }
            switch kind {
            case .http: continue
            case .queue:
                let queue = queue(content, of: manifest, besides: triggers.queues)
                if let queue { triggers.queues.append(queue) }
            case .schedule:
                scheduleCount += 1
                let schedule = schedule(
                    content,
                    of: manifest,
                    number: scheduleCount,
                    besides: triggers.schedules
                )
                if let schedule { triggers.schedules.append(schedule) }
            }
        }
        return triggers
    }

    private enum TriggerKind: String, CaseIterable {
        case http, queue, schedule
    }

    /// Reads `http`, or the one key of `http: { ... }` with its value.
    private static func trigger(_ value: ManifestValue) -> (TriggerKind, ManifestValue)? {
        let allowed = "a trigger's kind, or a map with it as the only key"
        guard value.isMap else {
            guard let text = value.text(allowed: allowed) else { return nil }
            return triggerKind(text, of: value).map { ($0, value) }
        }
        guard let entries = ManifestSection.entries(of: value) else { return nil }
        guard let entry = entries.first, entries.count == 1 else {
            value.fault("has \(entries.count) keys", allowed: allowed)
            return nil
        }
        return triggerKind(entry.key, of: value).map { ($0, entry.value) }
    }

    private static func triggerKind(_ word: String, of value: ManifestValue) -> TriggerKind? {
        let kinds = TriggerKind.allCases.map(\.rawValue)
        guard let kind = TriggerKind(rawValue: word) else {
            value.fault(
                "is '\(word.prefix(80))', which is no trigger",
                allowed: kinds.joined(separator: ", "),
                nearest: NearestWord.of(word, among: kinds)
            )
            return nil
        }
        return kind
    }

    /// The name of a queue.
    static func queueName(_ value: ManifestValue) -> QueueName? {
        let allowed =
            "1 to \(QueueName.lengthMax) of a-z, 0-9, '-', '_' and '.', neither first nor last "
            + "a '-'"
        guard let text = value.text(allowed: allowed) else { return nil }
        guard let name = QueueName(text) else {
            value.fault("is '\(text.prefix(80))'", allowed: allowed, nearest: nearestName(text))
            return nil
        }
        return name
    }
}
