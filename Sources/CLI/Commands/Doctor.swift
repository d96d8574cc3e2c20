import ArgumentParser
import GatewayAPI
import GatewayClient
import Glibc
import Hosts

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check this host and the gateway, and say what to do.",
        discussion: """
            Looks at what functions need here (an OCI runtime, control groups, seccomp, Python \
            with venv, disk, GPUs) and asks the gateway what it found. Exits with 1 when \
            something keeps functions from being served, a gateway that --url or FAAS_URL names \
            and that does not answer included.

            EXAMPLES:
              faas doctor
              sudo faas doctor -o json
            """
    )

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var options: OutputOptions

    func run() throws {
        let report = try report(from: gateway.client())
        try options.write(report) { DoctorText.text(report, paint: $0) }
        guard report.isFit else {
            throw CommandFailure(
                .refused,
                options.output == .json ? nil : report.verdict,
                advice: "do what stands beside each, then run `faas doctor` again"
            )
        }
    }

    private func report(from client: GatewayClient) throws(ClientError) -> DoctorReport {
        let url = client.configuration.url
        var report: DoctorReport
        do {
            report = DoctorReport(url: url, gateway: try client.node())
        } catch {
            guard error.code != .cancelled else { throw error }
            let named = gateway.url ?? Console.current.environment["FAAS_URL"] ?? ""
            report = DoctorReport(url: url, error: error, isExpected: !named.isEmpty)
        }
        // Functions run where the gateway is, so this host says nothing about a gateway elsewhere.
        if client.configuration.isLoopback {
            report.host = HostChecks.all(HostFacts.read(dataFolder: Self.dataFolder()))
        }
        return report
    }

    /// As the gateway chooses it.
    private static func dataFolder() -> String {
        let environment = Console.current.environment
        if let folder = environment["FAAS_DATA"], !folder.isEmpty { return folder }
        guard geteuid() != 0, let home = environment["HOME"] else { return "/var/lib/faas" }
        return "\(home)/.local/share/faas"
    }
}
