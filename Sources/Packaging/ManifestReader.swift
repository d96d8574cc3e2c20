package import Functions
import Yams

/// Reads `function.yaml`.
package enum ManifestReader {
    /// The manifest's name in a function folder.
    package static let fileName = "function.yaml"

    /// The manifest with every default filled in.
    ///
    /// Faults call the file by the name `file`; without a sample there can be no probe.
    ///
    /// - Throws: ``PackagingError/Code/manifestInvalid`` with every fault of the file.
    package static func read(
        _ text: String,
        file: String = fileName,
        hasSample: Bool = true
    ) throws(PackagingError) -> Manifest {
        let faults = ManifestFaults(file: file)
        guard let root = ManifestTree.compose(text, faults: faults),
            let top = ManifestSection(root, path: "", keys: topKeys, faults: faults)
        else { throw faults.error() }
        let manifest = manifest(top)
        if let probe = top["probe"], !hasSample {
            probe.faults.add(
                "probe needs a sample.json beside this file, to invoke the function with",
                at: probe.keyMark,
                path: probe.path
            )
        }
        guard faults.list.isEmpty else { throw faults.error() }
        return manifest
    }

    /// As ``read(_:file:hasSample:)-(String,_,_)``, for bytes that may not even be text.
    package static func read(
        _ bytes: [UInt8],
        file: String = fileName,
        hasSample: Bool = true
    ) throws(PackagingError) -> Manifest {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let faults = ManifestFaults(file: file)
            faults.add("the file is not UTF-8 text", at: nil)
            throw faults.error()
        }
        return try read(text, file: file, hasSample: hasSample)
    }

    private static let topKeys = [
        "name", "runtime", "image", "limits", "timeout", "scale", "batch", "env", "secrets",
        "network", "isolation", "triggers", "rollout", "probe", "model",
    ]

    private static func manifest(_ top: ManifestSection) -> Manifest {
        var manifest = Manifest(name: name(top))
        checkRuntimeAndImage(top)
        manifest.limits = limits(top)
        manifest.timeout = timeout(top)
        manifest.scale = scale(top)
        manifest.batch = batch(top, timeout: manifest.timeout)
        manifest.env = env(top)
        manifest.secrets = secrets(top)
        manifest.network = word(top["network"]) ?? manifest.network
        manifest.isolation = word(top["isolation"]) ?? manifest.isolation
        manifest.rollout = rollout(top)
        manifest.probe = probe(top)
        manifest.model = model(top)
        manifest.triggers = triggers(top, manifest)
        return manifest
    }

    private static func name(_ top: ManifestSection) -> String {
        let allowed =
            "1 to \(FunctionName.lengthMax) of a-z, 0-9 and '-', neither first nor last a '-'"
        guard let value = top["name"] else {
            top.faults.add("the key 'name' is missing", at: top.mark, allowed: allowed)
            return ""
        }
        guard let text = value.text(allowed: allowed) else { return "" }
        if FunctionName(text) == nil {
            value.fault("is '\(text.prefix(80))'", allowed: allowed, nearest: nearestName(text))
        } else if text.contains(FunctionName.previewMark) {
            value.fault(
                "has '\(FunctionName.previewMark)', which stands before the branch of a preview",
                allowed: "single '-' between words",
                nearest: nearestName(text)
            )
        }
        return text
    }

    /// `My_Model` becomes `my-model`.
    static func nearestName(_ text: String) -> String? {
        let letters = text.lowercased().map { letter -> Character in
            letter.isASCII && (letter.isLetter || letter.isNumber) ? letter : "-"
        }
        let words = letters.split(separator: "-").joined(separator: "-")
        return FunctionName(String(words))?.description
    }

    static func word<Word>(_ value: ManifestValue?) -> Word?
    where Word: RawRepresentable<String> & CaseIterable {
        value?.word(among: Word.allCases.map(\.rawValue)).flatMap(Word.init(rawValue:))
    }

    private static func checkRuntimeAndImage(_ top: ManifestSection) {
        if let value = top["runtime"] {
            let runtime: Manifest.Runtime? = word(value)
            if runtime == .http {
                value.fault("http is not supported by this gateway yet", allowed: "python3")
            }
        }
        guard let image = top["image"], let text = image.text(allowed: "host") else { return }
        if text != "host" {
            image.fault(
                "is '\(text.prefix(80))', but OCI images are not supported by this gateway yet",
                allowed: "host",
                nearest: NearestWord.of(text, among: ["host"])
            )
        }
    }
}
