/// Writes Prometheus' text exposition format, version 0.0.4.
///
/// See https://prometheus.io/docs/instrumenting/exposition_formats/. A family's samples must follow
/// its `begin` without another family's in between.
package struct PrometheusText: Sendable {
    /// The value of the header field `Content-Type`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    /// A label's name and value, in the order in which they are written.
    package typealias Labels = KeyValuePairs<StaticString, String>

    /// What has been written, UTF-8.
    package private(set) var bytes: [UInt8] = []
    private var family: StaticString = ""

    package init() {}

    /// Begins a family, whose name ends in its base unit and, for a counter, in `_total`.
    ///
    /// The help is one line without backslashes.
    package mutating func begin(_ name: StaticString, _ kind: Kind, _ help: StaticString) {
        family = name
        write("# HELP ")
        write(name)
        write(" ")
        write(help)
        write("\n# TYPE ")
        write(name)
        write(" ")
        bytes += kind.rawValue.utf8
        write("\n")
    }

    /// One sample of a counter or gauge.
    package mutating func sample(_ labels: Labels = [:], _ value: Double) {
        write(family)
        write(labels, bound: nil)
        write(value: value)
    }

    /// One histogram; `counts` are of each bucket alone.
    ///
    /// `bounds` are the upper bounds of all buckets but the last, ascending.
    package mutating func histogram(
        _ labels: Labels = [:],
        bounds: [Double],
        counts: [UInt64],
        sum: Double
    ) {
        var count: UInt64 = 0
        for (index, bucket) in counts.enumerated() {
            count += bucket
            write(family)
            write("_bucket")
            write(labels, bound: index < bounds.count ? Self.text(bounds[index]) : "+Inf")
            write(value: Double(count))
        }
        for (suffix, value) in [("_sum" as StaticString, sum), ("_count", Double(count))] {
            write(family)
            write(suffix)
            write(labels, bound: nil)
            write(value: value)
        }
    }

    private mutating func write(_ text: StaticString) {
        text.withUTF8Buffer { bytes += $0 }
    }

    private mutating func write(value: Double) {
        write(" ")
        bytes += Self.text(value).utf8
        write("\n")
    }

    private mutating func write(_ labels: Labels, bound: String?) {
        guard !labels.isEmpty || bound != nil else { return }
        var separator: StaticString = "{"
        for (name, value) in labels {
            write(separator)
            write(name, value)
            separator = ","
        }
        if let bound {
            write(separator)
            write("le", bound)
        }
        write("}")
    }

    private mutating func write(_ name: StaticString, _ value: String) {
        write(name)
        write("=\"")
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): write(#"\\"#)
            case UInt8(ascii: "\""): write(#"\""#)
            case UInt8(ascii: "\n"): write(#"\n"#)
            default: bytes.append(byte)
            }
        }
        write("\"")
    }

    /// As short as it can be without another value: whole numbers have no point.
    private static func text(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return String(whole) }
        guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf" }
        return "\(value)"
    }
}
