import Functions
import Yams

extension ManifestReader {
    private static let queueKeys = ["batch", "concurrency", "attempts", "backoff", "dead"]

    /// Nil after faults that leave no trigger; `earlier` are those above it in the file.
    static func queue(
        _ value: ManifestValue,
        of manifest: Manifest,
        besides earlier: [QueueTrigger]
    ) -> QueueTrigger? {
        let brokerNode = broker(in: value.node)
        let kind = brokerNode.flatMap(BrokerURL.kind)
        let keys = ["name", "broker"] + (brokerNode == nil ? [] : optionKeys(of: kind)) + queueKeys
        guard
            let section = ManifestSection(
                value.node,
                path: value.path,
                keys: keys,
                faults: value.faults
            )
        else { return nil }
        let batch = section["batch"]?.integer(ManifestLimits.triggerBatch) ?? 1
        section.refuse(
            "\(value.path).batch is \(batch), more than scale.concurrency, which is "
                + "\(manifest.scale.concurrency): an instance must take a whole batch at once",
            keys: "batch",
            unless: batch <= manifest.scale.concurrency
                || value.faults.concern("scale.concurrency")
        )
        let concurrency = section["concurrency"]?.integer(ManifestLimits.triggerConcurrency)
        let attempts = section["attempts"]?.integer(ManifestLimits.attempts)
        let backoff = section["backoff"].flatMap(pauses)
        guard let source = source(section, value, kind, of: manifest),
            let dead = dead(section, of: source, manifest, besides: earlier)
        else { return nil }
        if earlier.contains(where: { isSame($0.source, source) }) {
            let written = section["name"] ?? section["broker"] ?? value
            written.fault("is read by another trigger of this function too")
        }
        var trigger = QueueTrigger(source: source, dead: dead)
        trigger.batch = batch
        trigger.concurrency = concurrency
        trigger.attempts = attempts ?? trigger.attempts
        trigger.backoff = backoff ?? trigger.backoff
        return trigger
    }

    private static func source(
        _ section: ManifestSection,
        _ value: ManifestValue,
        _ kind: BrokerSource.Kind?,
        of manifest: Manifest
    ) -> QueueTrigger.Source? {
        switch (section["name"], section["broker"]) {
        case (let name?, nil): return queueName(name).map(QueueTrigger.Source.embedded)
        case (nil, let url?):
            return broker(url, section, kind, of: manifest).map(QueueTrigger.Source.broker)
        case (_?, let url?):
            url.fault("is given beside 'name'; a queue is this gateway's or a broker's")
            return nil
        case (nil, nil):
            value.fault(
                "needs 'name' or 'broker'",
                allowed: "name: NAME for a queue of the gateway, or broker: URL"
            )
            return nil
        }
    }

    /// Where dead letters go, which may not be where they come from.
    private static func dead(
        _ section: ManifestSection,
        of source: QueueTrigger.Source,
        _ manifest: Manifest,
        besides earlier: [QueueTrigger]
    ) -> QueueName? {
        guard let value = section["dead"] else {
            return switch source {
            case .embedded(let name): defaultDead(of: name.description, section)
            case .broker: defaultDead(of: manifest.name, section)
            }
        }
        guard let dead = queueName(value) else { return nil }
        guard case .embedded(let name) = source else { return dead }
        var queue = dead
        for _ in 0...earlier.count {
            if queue == name {
                value.fault(
                    dead == name
                        ? "is '\(dead)', the queue itself"
                        : "is '\(dead)', whose own dead letters come back to '\(name)'"
                )
                return nil
            }
            let next = earlier.first { $0.source == .embedded(queue) }
            guard let next else { break }
            queue = next.dead
        }
        return dead
    }

    private static func defaultDead(of name: String, _ section: ManifestSection) -> QueueName? {
        // A name that is no name has been reported.
        guard QueueName(name) != nil else { return nil }
        let dead = QueueName("\(name)-dead")
        if dead == nil {
            section.refuse(
                "\(section.path) needs 'dead': '\(name)-dead' is over \(QueueName.lengthMax) bytes",
                keys: "name",
                "broker",
                unless: false
            )
        }
        return dead
    }

    /// `1s..5m`, or one duration for a pause that stays the same.
    private static func pauses(_ value: ManifestValue) -> Backoff? {
        let allowed = "a duration as in 10s, or two as in 1s..5m"
        guard let text = value.text(allowed: allowed) else { return nil }
        let range = ManifestLimits.backoffMillis
        let bounds = text.split(separator: "..", omittingEmptySubsequences: false)
        guard bounds.count <= 2 else {
            value.fault("is '\(text.prefix(80))'", allowed: allowed)
            return nil
        }
        let millis = bounds.map { bound in
            value.holding(String(bound)).quantity(.duration, range)
        }
        guard let first = millis.first ?? nil, let last = millis.last ?? nil else { return nil }
        guard first <= last else {
            value.fault("is '\(text)', whose second pause is the shorter one", allowed: allowed)
            return nil
        }
        return Backoff(firstMillis: first, lastMillis: last)
    }

    private static func isSame(_ left: QueueTrigger.Source, _ right: QueueTrigger.Source) -> Bool {
        guard case .broker(var one) = left, case .broker(var other) = right else {
            return left == right
        }
        // A consumer has one filter: another subject does not make it another place.
        one.options["subject"] = nil
        other.options["subject"] = nil
        return one == other
    }

    /// The URL under `broker`, to know which keys stand beside it before they are checked.
    private static func broker(in node: Node) -> String? {
        guard case .mapping(let pairs) = node else { return nil }
        let pair = pairs.first { $0.key.scalar?.string == "broker" }
        return pair.map { $0.value.scalar?.string ?? "" }
    }
}
