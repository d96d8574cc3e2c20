import Functions
import Testing

enum Samples {
    static func revision(_ manifest: Manifest, number: Int = 1) throws -> Revision {
        Revision(
            function: try #require(FunctionName(manifest.name)),
            number: number,
            digest: String(repeating: "0", count: 64),
            manifest: manifest,
            account: .local,
            deployedAtMicros: 0
        )
    }
}
