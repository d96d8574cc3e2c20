import FoundationEssentials
import Yams

extension CDISpecification {
    /// Every version of the specification with which files are written, oldest first.
    private static let versions = [
        "0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0",
    ]

    /// Reads a file's contents; the ending of `path`, which errors name, tells JSON from YAML.
    init(_ bytes: [UInt8], path: String) throws(DevicesError) {
        do {
            if path.hasSuffix(".json") {
                self = try JSONDecoder().decode(Self.self, from: Data(bytes))
            } else {
                self = try YAMLDecoder().decode(
                    Self.self,
                    from: String(decoding: bytes, as: UTF8.self)
                )
            }
        } catch {
            throw Self.invalid(path, Self.reason(error))
        }
        try checkVersion(path)
    }

    static func invalid(_ path: String, _ reason: String) -> DevicesError {
        DevicesError(
            .specificationInvalid,
            "\(path) is not a valid CDI file: write it anew, or remove it",
            cause: reason
        )
    }

    /// A file's version must have all that the file uses, or another reader would do less with it.
    private func checkVersion(_ path: String) throws(DevicesError) {
        guard let given = Self.versions.firstIndex(of: version) else {
            throw Self.invalid(path, "unknown cdiVersion \(version)")
        }
        let needed = versionNeeded
        guard given >= Self.versions.firstIndex(of: needed) ?? 0 else {
            throw Self.invalid(path, "cdiVersion \(version) is below \(needed), which it uses")
        }
    }

    private var versionNeeded: String {
        let all = devices.map(\.edits) + [edits]
        if all.contains(where: { $0.unsupported.contains("netDevices") }) { return "1.1.0" }
        if all.contains(where: { !$0.groups.isEmpty || !$0.unsupported.isEmpty }) {
            return "0.7.0"
        }
        let hasDottedClass = kind.split(separator: "/").last?.contains(".") ?? false
        if hasAnnotations || hasDottedClass || devices.contains(where: \.hasAnnotations) {
            return "0.6.0"
        }
        let hasDigitFirst = devices.contains { ("0"..."9").contains($0.name.prefix(1)) }
        if hasDigitFirst || all.contains(where: { $0.nodes.contains { $0.hostPath != nil } }) {
            return "0.5.0"
        }
        return all.contains { $0.mounts.contains { $0.type != nil } } ? "0.4.0" : "0.3.0"
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        switch error {
        case .keyNotFound(let key, let context):
            return place(context) + "no field \(key.stringValue)"
        case .typeMismatch(_, let context), .valueNotFound(_, let context),
            .dataCorrupted(let context):
            return place(context) + context.debugDescription
        @unknown default:
            return "\(error)"
        }
    }

    private static func place(_ context: DecodingError.Context) -> String {
        let keys = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
        return keys.isEmpty ? "" : keys.joined(separator: ".") + ": "
    }
}
