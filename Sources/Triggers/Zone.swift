import FoundationEssentials
import FoundationInternationalization

/// A time zone by its name in the time zone database, `Europe/Stockholm`, with all its clock
/// changes.
///
/// The database is Foundation's own, so the host needs none. Any thread may ask.
package struct Zone: Sendable, Hashable {
    /// The longest name, in bytes.
    package static let nameBytesMax = 64

    package let name: String
    private let zone: TimeZone

    /// Nil when the database has no such name; names are case-sensitive.
    package init?(_ name: String) {
        guard name.utf8.count <= Self.nameBytesMax, let zone = TimeZone(identifier: name) else {
            return nil
        }
        self.name = name
        self.zone = zone
    }

    /// Seconds east of UTC at an instant, in seconds since 1970 UTC.
    package func offset(atSeconds second: Int64) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
    }
}
