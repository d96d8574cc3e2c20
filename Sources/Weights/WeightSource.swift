import CCurlShim
import Functions

/// Where weights come from, judged before anything is asked of it.
enum WeightSource: Sendable {
    /// The path of a file on this host.
    case file(String)
    case web(WebRequest)

    static let bytesMax = 2048

    /// Whether a fetch of it can go on where another ended.
    var isWeb: Bool {
        if case .web = self { true } else { false }
    }

    private static let forms = "file:///PATH, https://HOST/PATH or s3://BUCKET/KEY"

    static func read(
        _ file: Manifest.ModelFile,
        environment: (String) -> String?
    ) throws(WeightsError) -> WeightSource {
        let text = file.source
        guard text.utf8.count <= bytesMax, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw WeightsError(
                .sourceInvalid,
                "the model's source is longer than \(bytesMax) bytes, or holds a space or a "
                    + "control character: percent-encode it"
            )
        }
        guard isDigest(file.sha256) else {
            throw WeightsError(
                .sourceInvalid,
                "the model's sha256 is not 64 hexadecimal digits in lower case, as sha256sum "
                    + "prints them"
            )
        }
        guard isFileName(file.fileName), !text.hasSuffix("/") else {
            throw WeightsError(.sourceInvalid, "the model's source ends in no file name: \(forms)")
        }
        switch text.prefix(while: { $0 != ":" }).lowercased() {
        case "file": return .file(try path(text))
        case "http", "https": return .web(try WebRequest(url: text))
        case "s3": return .web(try S3Place(text, environment).request)
        default:
            throw WeightsError(.sourceInvalid, "the model's source is none of \(forms)")
        }
    }

    static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    /// Whether a file in a sandbox can have this name.
    private static func isFileName(_ name: String) -> Bool {
        name != "." && name != ".." && (1...255).contains(name.utf8.count)
    }

    private static func path(_ text: String) throws(WeightsError) -> String {
        guard text.lowercased().hasPrefix("file:///"), let parts = URLParts(text),
            let path = parts.decoded(CURLUPART_PATH), path.hasPrefix("/")
        else {
            throw WeightsError(
                .sourceInvalid,
                "the model's source is no path of this host: write file:///PATH"
            )
        }
        return path
    }
}
