import ArgumentParser

/// The program `gateway`: serves functions over HTTP.
@main
struct Gateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Serve model-as-code functions on this machine.",
        discussion: """
            Flags count over FAAS_* variables, those over the file given by --config, that over \
            defaults. Stop it with Ctrl-C: what runs is finished first, for 30 s at most.

            EXAMPLES
              gateway                                     listen on 127.0.0.1:8080
              gateway --listen 0.0.0.0:80 --config gateway.yaml
              FAAS_DATA=/srv/faas gateway
            """,
        version: GatewayVersion.text
    )

    @Option(help: "Address and port to listen on (default: 127.0.0.1:8080).")
    var listen: String?

    @Option(
        help: "Folder for databases, bundles and logs (default: /var/lib/faas for root).",
        completion: .directory
    )
    var data: String?

    @Option(
        help: "Configuration file in YAML: keys, prices, limits.",
        completion: .file()
    )
    var config: String?

    @Option(help: "Folder with the runtimes (default: found beside the program).")
    var runtime: String?

    func run() async throws {
        let settings = try GatewaySettings(
            flags: .init(listen: listen, data: data, config: config, runtime: runtime)
        )
        try await GatewayProcess.run(settings)
    }
}
