import Functions
package import GatewayAPI

/// Parts of what a push shows.
package enum PushLines {
    /// Columns of a line: with `remote: ` before it, a terminal of 100 holds it.
    package static let columnsMax = 90
    /// Lines of a log that are shown, from its end.
    package static let logLinesMax = 40

    /// Breaks a text into lines of `columnsMax`, at spaces where there are some; those after the
    /// first begin with `indent`.
    package static func folded(_ text: String, indent: String) -> [String] {
        var lines: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var rest = Substring(line)
            var prefix = lines.isEmpty ? "" : indent
            while prefix.count + rest.count > columnsMax {
                let room = rest.prefix(columnsMax - prefix.count)
                let isIndented = room.first == " "
                let space = isIndented ? nil : room.lastIndex(of: " ")
                let cut = space ?? breakPoint(room)
                lines.append(prefix + rest[..<cut])
                rest = rest[cut...].drop { $0 == " " }
                prefix = indent
            }
            lines.append(prefix + rest)
        }
        return lines
    }

    /// The last space after the text's own indentation, or where the room ends.
    private static func breakPoint(_ room: Substring) -> Substring.Index {
        guard let start = room.firstIndex(where: { $0 != " " }),
            let space = room[start...].lastIndex(of: " ")
        else { return room.endIndex }
        return space
    }

    /// ` (requirements 2.1 s, load 88 ms)`: what took a while.
    package static func times(
        _ steps: [(step: DeployEvent.Step, atMillis: Int64)],
        endMillis: Int64
    ) -> String {
        let ends = steps.dropFirst().map(\.atMillis) + [endMillis]
        let parts = zip(steps, ends).compactMap { step, end in
            end - step.atMillis < 1
                ? nil : "\(step.step.rawValue) \(Units.duration(millis: end - step.atMillis))"
        }
        return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
    }

    package static func log(_ lines: [String]) -> [String] {
        guard lines.count > logLinesMax else { return lines }
        return ["... \(lines.count - logLinesMax) lines before"] + lines.suffix(logLinesMax)
    }

    /// `31 MiB loaded of 64 MiB, no GPU`.
    package static func memory(_ function: FunctionDescription) -> String {
        let loaded = function.runtime.map {
            "\(Units.size(bytes: $0.zygoteMemoryBytes)) loaded of "
        }
        let limit = Units.size(mebibytes: function.limits.memoryMiB)
        let gpu = function.limits.gpuMemoryMiB
        let card = gpu == 0 ? "no GPU" : "\(Units.size(mebibytes: gpu)) of GPU"
        return "\(loaded ?? "")\(limit), \(card)"
    }

    package static func served(_ function: FunctionDescription, paint: Paint) -> [String] {
        var lines = ["\(paint.green(function.revision)) serves at \(function.url)"]
        let load = function.runtime.map {
            "loaded in \(Units.duration(micros: $0.importMicros + $0.loadMicros)), "
        }
        lines.append("  \(load ?? "")\(memory(function))")
        if let runtime = function.runtime, !runtime.forkable {
            let reason = paint.harmless(runtime.forkableReason ?? "its zygote cannot be forked")
            lines.append("  each instance loads by itself: \(reason)")
        }
        let part = function.traffic.parts.first { $0.number == function.revisionNumber }
        if function.traffic.rollout != nil {
            lines.append(
                "  takes \(part?.share ?? Share.none) of the traffic at first: `faas traffic "
                    + "\(function.name)` shows how it goes"
            )
        }
        return lines
    }
}
