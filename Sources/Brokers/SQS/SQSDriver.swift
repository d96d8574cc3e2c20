package import Functions
import Glibc
package import Triggers

/// Amazon SQS, and what speaks its protocol.
package struct SQSDriver: BrokerDriver {
    private let leaseMillis: Int
    private let environment: @Sendable (String) -> String?

    /// Keys come from the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where it is set,
    /// AWS_SESSION_TOKEN, read anew for each connection.
    package init(
        leaseMillis: Int = BrokerLimits.leaseMillis,
        environment: @escaping @Sendable (String) -> String? = { name in
            getenv(name).map { String(cString: $0) }
        }
    ) {
        self.leaseMillis = leaseMillis
        self.environment = environment
    }

    package func connect(
        _ source: BrokerSource,
        capacity: Int,
        timeoutMillis: Int
    ) throws(BrokerError) -> any BrokerConnection {
        let client = try SQSClient(place(of: source), timeoutMillis: timeoutMillis)
        let connection = SQSConnection(client, leaseMillis: leaseMillis)
        try connection.checkQueue()
        return connection
    }

    /// Where the queue is, and whose keys open it.
    package func place(of source: BrokerSource) throws(BrokerError) -> SQSPlace {
        let url = try BrokerURL(source, schemes: ["sqs+http": 80, "sqs+https": 443])
        guard url.user == nil, let path = url.path, !path.isEmpty else {
            throw BrokerError(
                .invalid,
                "\(url.shown): the URL is the queue's, without keys, as in "
                    + "sqs+https://sqs.eu-north-1.amazonaws.com/ACCOUNT/QUEUE"
            )
        }
        guard let key = set("AWS_ACCESS_KEY_ID"), let secret = set("AWS_SECRET_ACCESS_KEY") else {
            throw BrokerError(
                .unauthorized,
                "\(url.shown): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the gateway's "
                    + "environment"
            )
        }
        return SQSPlace(
            endpoint: String(source.url.dropFirst("sqs+".count).dropLast(path.utf8.count)),
            path: path,
            shown: url.shown,
            region: try region(of: source, host: url.host),
            key: key,
            secret: secret,
            sessionToken: set("AWS_SESSION_TOKEN")
        )
    }

    private func set(_ name: String) -> String? {
        environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// `region:`, or the one in a host as `sqs.eu-north-1.amazonaws.com`, or the environment's.
    private func region(of source: BrokerSource, host: String) throws(BrokerError) -> String {
        let labels = host.split(separator: ".")
        let named = labels.count > 3 && labels[0] == "sqs" ? String(labels[1]) : nil
        let region =
            source.options["region"] ?? named ?? set("AWS_REGION") ?? set("AWS_DEFAULT_REGION")
        guard let region, region.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }) else {
            throw BrokerError(
                .invalid,
                "\(source.shownURL): `region:` is missing, as in `region: eu-north-1`"
            )
        }
        return region
    }
}

/// A queue, and the keys that open it.
package struct SQSPlace: Sendable {
    /// `https://host:port/`, with the slash.
    package var endpoint: String
    /// The queue's: account and name.
    package var path: String
    package var shown: String
    package var region: String
    package var key: String
    package var secret: String
    package var sessionToken: String?

    package var queueURL: String { endpoint + path }
}
