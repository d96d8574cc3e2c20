package import Instances

extension LoadReport {
    /// Of a handler that needs nothing special.
    package static let plain = LoadReport(
        handlerKind: "handle",
        schema: "{}",
        streamsInput: false,
        hasAttach: false,
        threads: [],
        modules: [],
        importMicros: 0,
        loadMicros: 0,
        log: ""
    )
}
