/// The header field `Server-Timing` of an answer: where its time went, in milliseconds on the wire.
package struct ServerTiming: Sendable, Hashable, CustomStringConvertible {
    /// Waiting for an instance, in microseconds.
    package var queueMicros: Int64
    /// Starting one, in microseconds; 0 for a warm start.
    package var startMicros: Int64
    /// In the handler, in microseconds.
    package var runMicros: Int64

    package init(queueMicros: Int64, startMicros: Int64, runMicros: Int64) {
        self.queueMicros = queueMicros
        self.startMicros = startMicros
        self.runMicros = runMicros
    }

    /// Reads `queue;dur=0.012, start;dur=0, run;dur=3.4`; metrics it does not know are passed over.
    ///
    /// Nil when one of the three is missing.
    package init?(_ text: String) {
        var micros: [String: Int64] = [:]
        for metric in text.split(separator: ",") {
            let parts = metric.split(separator: ";").map { $0.trimmingSpaces() }
            guard let name = parts.first,
                let duration = parts.dropFirst().first(where: { $0.hasPrefix("dur=") }),
                let millis = Double(duration.dropFirst(4)), millis.isFinite,
                abs(millis) < Self.millisMax
            else { continue }
            micros[String(name)] = Int64((millis * 1000).rounded())
        }
        guard let queue = micros["queue"], let start = micros["start"], let run = micros["run"]
        else { return nil }
        self.init(queueMicros: queue, startMicros: start, runMicros: run)
    }

    package var description: String {
        "queue;dur=\(Self.millis(queueMicros)), start;dur=\(Self.millis(startMicros)), "
            + "run;dur=\(Self.millis(runMicros))"
    }

    /// A year, beyond which a duration is a fault of the sender.
    private static let millisMax = 31_536_000_000.0

    private static func millis(_ micros: Int64) -> String {
        let fraction = String(micros % 1000)
        return "\(micros / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        var text = self.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }
}
