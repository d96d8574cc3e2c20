package import GatewayAPI
import Hosts

/// What `faas doctor` found.
package struct DoctorReport: Sendable, Encodable {
    package var url: String
    /// Nil when the gateway did not answer.
    package var gateway: NodeReport?
    package var gatewayProblem: String?
    package var gatewayAdvice: String?
    /// Checks of this host; empty when the gateway is elsewhere.
    package var host: [NodeCheck] = []

    package init(url: String) { self.url = url }

    /// The gateway as one more check: a host may be fit before its gateway is started.
    package var gatewayCheck: NodeCheck {
        guard let gateway else {
            return .warning("gateway", gatewayProblem ?? "no answer", advice: gatewayAdvice)
        }
        let uptime = Units.duration(millis: gateway.uptimeSeconds * 1000)
        return .ok("gateway", "\(gateway.version) at \(url), up \(uptime)")
    }

    /// False when something keeps functions from being served.
    package var isFit: Bool { failures == 0 }

    package var verdict: String {
        failures == 1 ? "1 check failed" : "\(failures) checks failed"
    }

    private var failures: Int {
        (host + (gateway?.checks ?? [])).filter { $0.state == .failed }.count
    }
}
