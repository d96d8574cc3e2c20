import Functions

extension ManifestReader {
    private static let scheduleKeys = ["cron", "zone", "missed", "name", "input", "attempts"]

    /// The function's schedule number `number`, from 1; `earlier` are those above it in the file.
    ///
    /// Nil after faults that leave no schedule.
    static func schedule(
        _ value: ManifestValue,
        of manifest: Manifest,
        number: Int,
        besides earlier: [ScheduleTrigger]
    ) -> ScheduleTrigger? {
        let section = ManifestSection(
            value.node,
            path: value.path,
            keys: scheduleKeys,
            faults: value.faults
        )
        guard let section else { return nil }
        let zone = section["zone"].flatMap(zoneName)
        let missed: ScheduleTrigger.Missed? = word(section["missed"])
        let attempts = section["attempts"]?.integer(ManifestLimits.attempts)
        let input = section["input"].flatMap { inputJSON($0, of: manifest) }
        let name = scheduleName(section, value, of: manifest, number: number, besides: earlier)
        guard let cron = section["cron"] else {
            value.fault("needs 'cron'", allowed: cronAllowed)
            return nil
        }
        guard let expression = expression(cron), let name else { return nil }
        var schedule = ScheduleTrigger(name: name, cron: expression.description)
        schedule.zone = zone ?? schedule.zone
        schedule.missed = missed ?? schedule.missed
        schedule.input = input ?? schedule.input
        schedule.attempts = attempts ?? schedule.attempts
        return schedule
    }

    private static let cronAllowed =
        "minute hour day month weekday in quotes, as in '*/5 * * * *', or '@every 30s'"

    private static func expression(_ value: ManifestValue) -> CronExpression? {
        guard let text = value.text(allowed: cronAllowed) else { return nil }
        do {
            return try CronExpression(text)
        } catch {
            value.fault(
                error.problem,
                allowed: error.allowed,
                nearest: NearestWord.of(error.found, among: error.words)
            )
            return nil
        }
    }

    /// Whether there is such a zone is known where the schedule runs.
    private static func zoneName(_ value: ManifestValue) -> String? {
        let allowed = "a name of the time zone database, such as Europe/Stockholm or UTC"
        guard let text = value.text(allowed: allowed) else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            part.utf8.first.map(isLetter) == true
                && part.utf8.allSatisfy { isLetter($0) || isDigit($0) || "_+-".utf8.contains($0) }
        }
        guard isPlain, text.utf8.count <= ManifestLimits.zoneBytesMax else {
            value.fault("is '\(text.prefix(80))'", allowed: allowed)
            return nil
        }
        return text
    }

    /// The input's JSON, which must fit the function as any other input.
    private static func inputJSON(_ value: ManifestValue, of manifest: Manifest) -> String? {
        guard let json = value.json() else { return nil }
        let bytesMax = manifest.limits.payloadBytes
        guard json.utf8.count <= bytesMax else {
            value.fault(
                "has \(json.utf8.count) bytes, more than limits.payload",
                allowed: "up to \(bytesMax) bytes"
            )
            return nil
        }
        return json
    }

    private static func scheduleName(
        _ section: ManifestSection,
        _ value: ManifestValue,
        of manifest: Manifest,
        number: Int,
        besides earlier: [ScheduleTrigger]
    ) -> String? {
        let written = section["name"]
        // A function's name that is no name has been reported.
        if written == nil, QueueName(manifest.name) == nil { return nil }
        let fallback = number == 1 ? manifest.name : "\(manifest.name)-\(number)"
        let chosen = written.map { queueName($0)?.description } ?? fallback
        guard let name = chosen else { return nil }
        guard QueueName(name) != nil else {
            value.fault("needs 'name': '\(name)' is over \(QueueName.lengthMax) bytes")
            return nil
        }
        guard !earlier.contains(where: { $0.name == name }) else {
            (written ?? value).fault("is '\(name)', as another schedule of this function is named")
            return nil
        }
        return name
    }
}
