import ArgumentParser
import GatewayClient

/// Which gateway a command talks to.
struct GatewayOptions: ParsableArguments {
    @Option(name: .long, help: "The gateway; FAAS_URL when not given.")
    var url: String?

    /// Its calls end with `cancelled` on Ctrl-C, unless they are not to be torn.
    ///
    /// Throws `urlInvalid`.
    func client(isCancellable: Bool = true) throws(ClientError) -> GatewayClient {
        let configuration = try ClientConfiguration(
            url: url,
            environment: Console.current.environment
        )
        return GatewayClient(
            configuration: configuration,
            isCancelled: { isCancellable && Interruption.isRequested }
        )
    }
}
