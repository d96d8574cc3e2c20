package import Functions

/// The answer to `GET /v1/functions/NAME/revisions`, the newest first.
package struct RevisionList: Sendable, Hashable, Codable {
    package var revisions: [RevisionReport]

    package init(revisions: [RevisionReport]) { self.revisions = revisions }
}

/// One revision of a function.
package struct RevisionReport: Sendable, Hashable, Codable {
    /// `NAME-NUMBER`.
    package var revision: String
    package var number: Int
    /// SHA-256 of the bundle, 64 hexadecimal digits.
    package var digest: String
    package var origin: Origin
    /// Since 1970 UTC.
    package var deployedAtMicros: Int64
    /// Its share of the traffic; nil when it takes none, and none by its number.
    package var share: Share?
    /// Whether its bundle is still there, so that it can be served again.
    package var isKept: Bool

    package init(
        revision: String,
        number: Int,
        digest: String,
        origin: Origin,
        deployedAtMicros: Int64,
        share: Share?,
        isKept: Bool
    ) {
        self.revision = revision
        self.number = number
        self.digest = digest
        self.origin = origin
        self.deployedAtMicros = deployedAtMicros
        self.share = share
        self.isKept = isKept
    }
}

/// The answer to `GET` and `PUT /v1/functions/NAME/traffic`, and to its `rollback` and `promote`.
package struct TrafficReport: Sendable, Hashable, Codable {
    package var name: String
    package var traffic: Traffic

    package init(name: String, traffic: Traffic) {
        self.name = name
        self.traffic = traffic
    }
}

/// The body of `PUT /v1/functions/NAME/traffic`: ends a rollout that is under way.
package struct TrafficOrder: Sendable, Hashable, Codable {
    package var parts: [Traffic.Part]

    package init(parts: [Traffic.Part]) { self.parts = parts }
}

/// The body of `POST /v1/functions/NAME/rollback` and `POST /v1/functions/NAME/promote`.
package struct RevisionChoice: Sendable, Hashable, Codable {
    /// Nil: the one served before it, and the one that is being rolled out.
    package var number: Int?

    package init(number: Int? = nil) { self.number = number }
}
