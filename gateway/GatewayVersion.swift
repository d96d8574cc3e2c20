/// Which gateway this is.
enum GatewayVersion {
    static let text = "0.1.0"
}
