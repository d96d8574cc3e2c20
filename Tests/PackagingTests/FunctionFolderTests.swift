import Functions
import Packaging
import Testing

@Suite struct FunctionFolderTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("function.yaml", "name: echo\n")
        try folder.write("handler.py", "def predict(input):\n    return input\n")
    }

    @Test func `a complete folder is read with no notes`() throws {
        try folder.write("sample.json", #"{"a": 1}"#)
        try folder.write("sample.expected.json", #"{"a": 1}"#)
        try folder.write("requirements.txt", "numpy==2.1.0\n")

        let function = try FunctionFolder(folder.path)

        #expect(function.manifest.name == "echo")
        #expect(function.requirements?.lines == ["numpy==2.1.0"])
        #expect(function.sample?.contentType == "application/json")
        #expect(try function.sample?.body() == Array(#"{"a": 1}"#.utf8))
        #expect(try function.sample?.expected() == Array(#"{"a": 1}"#.utf8))
        #expect(function.notes.isEmpty)
    }

    @Test func `a folder without handler and manifest is refused by both names`() throws {
        let empty = try TemporaryFolder()
        let error = #expect(throws: PackagingError.self) { try FunctionFolder(empty.path) }
        #expect(error?.code == .folderInvalid)
        #expect(error?.message.contains("no handler.py and no function.yaml") == true)
    }

    @Test func `a handler that is a folder is refused`() throws {
        let other = try TemporaryFolder()
        try other.write("function.yaml", "name: echo\n")
        try other.folder("handler.py")
        #expect(throws: PackagingError.self) { try FunctionFolder(other.path) }
    }

    @Test func `a sample without its answer, and the reverse, is noted`() throws {
        try folder.write("sample.png", [1, 2, 3])
        let alone = try FunctionFolder(folder.path)
        #expect(alone.sample?.contentType == "image/png")
        #expect(
            alone.notes == ["sample.png has no sample.expected.json, so its answer is not compared"]
        )

        let other = try TemporaryFolder()
        try other.write("function.yaml", "name: echo\n")
        try other.write("handler.py", "")
        try other.write("sample.expected.json", "1")
        let orphan = try FunctionFolder(other.path)
        #expect(orphan.sample == nil)
        #expect(orphan.notes.count == 1)
    }

    @Test func `several samples, and one of an unknown kind, are refused`() throws {
        try folder.write("sample.gif", [1])
        #expect(throws: PackagingError.self) { try FunctionFolder(folder.path) }

        try folder.write("sample.json", "1")
        #expect(throws: PackagingError.self) { try FunctionFolder(folder.path) }
    }

    @Test func `a requirements file with comments only requires nothing`() throws {
        try folder.write("requirements.txt", "# none\n\n")
        #expect(try FunctionFolder(folder.path).requirements == nil)
    }
}
