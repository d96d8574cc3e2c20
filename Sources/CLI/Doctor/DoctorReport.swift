package import GatewayAPI
package import GatewayClient
import Hosts

/// What `faas doctor` found.
package struct DoctorReport: Sendable, Encodable {
    package var url: String
    /// Nil when the gateway did not answer.
    package private(set) var gateway: NodeReport?
    /// The gateway as one more check.
    package private(set) var gatewayCheck: NodeCheck
    /// Checks of this host; empty when the gateway is elsewhere.
    package var host: [NodeCheck] = []

    package init(url: String, gateway: NodeReport) {
        self.url = url
        self.gateway = gateway
        let uptime = Units.duration(millis: gateway.uptimeSeconds * 1000)
        gatewayCheck = .ok("gateway", "\(gateway.version) at \(url), up \(uptime)")
    }

    /// What asking the gateway ended in.
    ///
    /// A host may be fit before its gateway is started: one that is not there is a failure only
    /// where it `isExpected`. One that answers, but not as it should, always is.
    package init(url: String, error: ClientError, isExpected: Bool) {
        self.url = url
        let isAway = error.code == .unreachable || error.code == .timedOut
        gatewayCheck = NodeCheck(
            name: "gateway",
            state: isAway && !isExpected ? .warning : .failed,
            message: error.message,
            advice: error.advice
        )
    }

    /// False when something keeps functions from being served.
    package var isFit: Bool { failures == 0 }

    package var verdict: String {
        failures == 1 ? "1 check failed" : "\(failures) checks failed"
    }

    private var failures: Int {
        (host + [gatewayCheck] + (gateway?.checks ?? [])).filter { $0.state == .failed }.count
    }
}
