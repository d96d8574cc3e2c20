import Packaging
import Testing

@Suite struct RequirementsTests {
    @Test func `requirements come out in one spelling and in their order`() throws {
        let text = """
            # what the model needs
            # pip: --no-deps --only-binary=:all:

            Torch_Vision [B, a] >= 1.0 , < 2   # pinned
            numpy==2.1.0 ; python_version < "3.12"
            zope.interface \\
                ~= 5.0
            msgspec
            """

        let requirements = try Requirements(text)

        #expect(
            requirements.lines == [
                "torch-vision[b,a]>=1.0,<2", "numpy==2.1.0; python_version < \"3.12\"",
                "zope-interface~=5.0", "msgspec",
            ]
        )
        #expect(requirements.flags == ["--no-deps", "--only-binary=:all:"])
    }

    @Test func `a hash stays with its requirement`() throws {
        let hash = "--hash=sha256:" + String(repeating: "a1", count: 32)
        #expect(try Requirements("numpy==2.1.0 \(hash)").lines == ["numpy==2.1.0 \(hash)"])
    }

    @Test(arguments: [
        ("--index-url https://example.org", "is an option"),
        ("-e .", "is an option"),
        ("-r other.txt", "is an option"),
        ("--extra-index-url=x", "is an option"),
        ("https://example.org/a.whl", "is an address"),
        ("numpy @ https://example.org/a.whl", "is an address"),
        ("git+ssh://git@example.org/a", "is an address"),
        ("./local", "is a file"),
        ("/root/a", "is a file"),
        ("numpy-2.whl", "is a file"),
        ("numpy --install-option=x", "is not allowed here"),
        ("numpy --hash=md5:aa", "is not allowed here"),
        ("numpy==", "is no requirement"),
        ("numpy 2", "is no requirement"),
        ("numpy;;rm", "is no requirement"),
        ("==1", "is no requirement"),
        ("numpy==1 0", "is no requirement"),
        ("numpy;", "is no requirement"),
        ("num$py", "is no requirement"),
        ("_numpy", "is no requirement"),
        ("# pip: --no-dep", "is no flag"),
    ])
    func `what is more than a name and a version is refused`(line: String, problem: String) throws {
        let error = #expect(throws: PackagingError.self) { try Requirements("msgspec\n" + line) }

        let fault = try #require(error?.faults.first)
        #expect(error?.code == .requirementsInvalid)
        #expect(fault.problem.contains(problem), "\(fault)")
        #expect(fault.line == 2)
    }

    @Test func `all faults are reported together`() {
        let error = #expect(throws: PackagingError.self) { try Requirements("-e .\nok\n./x\n") }
        #expect(error?.faults.map(\.line) == [1, 3])
    }

    @Test func `equal sets have one digest, and each input of the layer changes it`() throws {
        let one = try Requirements("NumPy == 2.1.0  # the model\n\n")
        let same = try Requirements("numpy==2.1.0")
        let other = try Requirements("numpy==2.1.1")
        let flagged = try Requirements("# pip: --no-deps\nnumpy==2.1.0")

        func digest(_ requirements: Requirements, _ python: String = "3.11.2") -> String {
            requirements.digest(python: python, platform: "linux-x86_64")
        }

        #expect(digest(one) == digest(same))
        #expect(
            Set([digest(one), digest(other), digest(flagged), digest(one, "3.12.0")]).count == 4
        )
        #expect(one.digest(python: "3.11.2", platform: "linux-aarch64") != digest(one))
    }
}
