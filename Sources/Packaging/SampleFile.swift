/// An input that comes with a function, and the answer that it must get.
package struct SampleFile: Sendable, Hashable {
    /// `sample.json`.
    package let name: String
    /// Where it lies.
    package let path: String
    package let contentType: String
    /// Where the expected answer lies, as JSON; nil when the answer is not compared.
    package let expectedPath: String?

    /// The expected answer's name in a function folder.
    package static let expectedName = "sample.expected.json"
    /// Input or expected answer, in bytes.
    package static let bytesMax = ManifestLimits.payloadBytes.upperBound

    /// By what follows `sample.` in the name.
    static let contentTypes = [
        "json": "application/json", "png": "image/png", "jpg": "image/jpeg",
        "jpeg": "image/jpeg", "txt": "text/plain; charset=utf-8",
        "bin": "application/octet-stream",
    ]

    /// The input.
    package func body() throws(PackagingError) -> [UInt8] {
        try OpenFile.contents(of: path, bytesMax: Self.bytesMax)
    }

    /// The expected answer; nil when none is given.
    package func expected() throws(PackagingError) -> [UInt8]? {
        guard let expectedPath else { return nil }
        return try OpenFile.contents(of: expectedPath, bytesMax: Self.bytesMax)
    }
}
