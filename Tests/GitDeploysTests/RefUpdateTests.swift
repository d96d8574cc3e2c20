import GitDeploys
import Testing

@Suite struct RefUpdateTests {
    private let one = String(repeating: "1", count: 40)
    private let two = String(repeating: "a2", count: 32)
    private let zero = String(repeating: "0", count: 40)

    @Test func `a line says what a reference was and what it becomes`() throws {
        let updates = try RefUpdate.read(Array("\(one) \(two) refs/heads/main\n".utf8))

        #expect(
            updates == [
                RefUpdate(old: ObjectID(one), new: ObjectID(two), reference: "refs/heads/main")
            ]
        )
        #expect(updates.first?.branch == "main")
    }

    @Test func `zeros stand for a reference that is made or deleted`() throws {
        let text = "\(zero) \(one) refs/heads/new\n\(one) \(zero) refs/heads/old\n"

        let updates = try RefUpdate.read(Array(text.utf8))

        #expect(updates.map(\.old) == [nil, ObjectID(one)])
        #expect(updates.map(\.new) == [ObjectID(one), nil])
    }

    @Test(arguments: [
        ("refs/heads/feature/x", "feature/x"), ("refs/tags/v1", nil), ("refs/heads/", nil),
        ("refs/notes/heads/main", nil), ("refs/heads/a b", "a b"),
    ])
    func `a branch is what lies under refs/heads`(reference: String, branch: String?) throws {
        let update = try RefUpdate.read(Array("\(zero) \(one) \(reference)".utf8)).first

        #expect(update?.branch == branch)
    }

    @Test(arguments: [
        "hello", "1 2 refs/heads/main", "{one} {one}", "{one} {ONE} refs/heads/main",
        "{one}  refs/heads/main",
    ])
    func `anything else is refused`(line: String) {
        let text = line.replacing("{one}", with: one)
            .replacing("{ONE}", with: String(repeating: "A", count: 40))

        #expect(throws: GitDeployError.self) { try RefUpdate.read(Array(text.utf8)) }
    }

    @Test func `a push of too many references is refused`() {
        let lines = (0...GitLimits.updateCountMax).map { "\(zero) \(one) refs/heads/b\($0)\n" }

        let error = #expect(throws: GitDeployError.self) {
            try RefUpdate.read(Array(lines.joined().utf8))
        }

        #expect(error?.code == .limitExceeded)
    }

    @Test func `nothing on the standard input is no update`() throws {
        #expect(try RefUpdate.read([]).isEmpty)
    }
}
