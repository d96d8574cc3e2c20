import ArgumentParser
import GatewayClient

/// Which gateway a command talks to.
struct GatewayOptions: ParsableArguments {
    @Option(name: .long, help: "The gateway; FAAS_URL when not given.")
    var url: String?

    /// Throws `urlInvalid`.
    func client() throws(ClientError) -> GatewayClient {
        let configuration = try ClientConfiguration(
            url: url,
            environment: Console.current.environment
        )
        return GatewayClient(
            configuration: configuration,
            isCancelled: { Interruption.isRequested }
        )
    }
}
