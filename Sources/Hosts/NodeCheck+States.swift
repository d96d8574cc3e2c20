package import GatewayAPI

extension NodeCheck {
    package static func ok(_ name: String, _ message: String) -> NodeCheck {
        NodeCheck(name: name, state: .ok, message: message)
    }

    package static func warning(
        _ name: String,
        _ message: String,
        advice: String? = nil
    ) -> NodeCheck {
        NodeCheck(name: name, state: .warning, message: message, advice: advice)
    }

    package static func failed(_ name: String, _ message: String, advice: String) -> NodeCheck {
        NodeCheck(name: name, state: .failed, message: message, advice: advice)
    }
}
