package import Functions

/// A function folder that was checked: a user's before it is packed, or a bundle's after it was
/// unpacked.
package struct FunctionFolder: Sendable {
    package static let handlerName = "handler.py"

    package let path: String
    package let manifest: Manifest
    /// Nil when the function has no `requirements.txt`, or one that requires nothing.
    package let requirements: Requirements?
    /// Nil when the function has none.
    package let sample: SampleFile?
    /// What is worth telling the user although it stops nothing.
    package let notes: [String]

    /// Reads and checks the folder at `path`.
    ///
    /// - Throws: ``PackagingError``: `folderInvalid`, `manifestInvalid`, `requirementsInvalid`.
    package init(_ path: String) throws(PackagingError) {
        let names = Set(try FolderScan.names(in: path))
        let missing = [Self.handlerName, ManifestReader.fileName].filter { !names.contains($0) }
        guard missing.isEmpty else {
            throw PackagingError(
                .folderInvalid,
                "\(path) has no \(missing.joined(separator: " and no ")); "
                    + "'faas new NAME' makes a folder that has both"
            )
        }
        _ = try OpenFile(reading: "\(path)/\(Self.handlerName)")
        self.path = path
        manifest = try ManifestReader.read(
            OpenFile.contents(
                of: "\(path)/\(ManifestReader.fileName)",
                bytesMax: ManifestLimits.fileBytesMax
            ),
            hasSample: names.contains(where: Self.isSample)
        )
        requirements = try Self.requirements(in: path, names: names)
        sample = try Self.sample(in: path, names: names)
        notes = Self.notes(names: names, sample: sample)
    }

    private static func requirements(
        in path: String,
        names: Set<String>
    ) throws(PackagingError) -> Requirements? {
        guard names.contains(Requirements.fileName) else { return nil }
        let bytes = try OpenFile.contents(
            of: "\(path)/\(Requirements.fileName)",
            bytesMax: Requirements.fileBytesMax
        )
        let requirements = try Requirements(String(decoding: bytes, as: UTF8.self))
        return requirements.lines.isEmpty ? nil : requirements
    }

    private static func sample(
        in path: String,
        names: Set<String>
    ) throws(PackagingError) -> SampleFile? {
        let samples = names.filter(isSample).sorted()
        guard let name = samples.first else { return nil }
        guard samples.count == 1 else {
            throw PackagingError(
                .folderInvalid,
                "\(path) has several samples, \(samples.joined(separator: " and ")); keep one"
            )
        }
        let suffix = String(name.dropFirst("sample.".count)).lowercased()
        guard let contentType = SampleFile.contentTypes[suffix] else {
            let known = SampleFile.contentTypes.keys.sorted().map { "sample.\($0)" }
            throw PackagingError(
                .folderInvalid,
                "\(path)/\(name) has no known kind; allowed: \(known.joined(separator: ", "))"
            )
        }
        let hasExpected = names.contains(SampleFile.expectedName)
        return SampleFile(
            name: name,
            path: "\(path)/\(name)",
            contentType: contentType,
            expectedPath: hasExpected ? "\(path)/\(SampleFile.expectedName)" : nil
        )
    }

    /// `sample.` and one word; `sample.expected.json` has two.
    private static func isSample(_ name: String) -> Bool {
        name.hasPrefix("sample.") && !name.dropFirst("sample.".count).contains(".")
    }

    private static func notes(names: Set<String>, sample: SampleFile?) -> [String] {
        let expected = SampleFile.expectedName
        return switch (sample, names.contains(expected)) {
        case (nil, true): ["\(expected) has no sample to be the answer of, so it is not used"]
        case (nil, false): ["there is no sample.json, so a deploy can't try the function"]
        case (let sample?, false):
            ["\(sample.name) has no \(expected), so its answer is not compared"]
        case (.some, true): []
        }
    }
}
