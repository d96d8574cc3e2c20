import Foundation
import GitDeploys
import TestSupport
import Testing

@Suite struct HookTests {
    private func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    private func makeHook(_ path: String, _ text: String) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true
        )
        try writeShellProgram(text, to: path)
    }

    @Test func `hooks are put in, and taken out again`() throws {
        let repository = try TestRepository("--bare", "--template=")

        let report = try HookInstallation(try repository.opened())
            .install(program: "/opt/it's/faas", url: "http://127.0.0.1:1")
        let script = text("\(repository.path)/hooks/pre-receive")
        let opened = try repository.opened()
        _ = try HookInstallation(opened).uninstall()

        #expect(report.kept.isEmpty)
        #expect(script?.contains("exec '/opt/it'\\''s/faas' git hook run pre-receive") == true)
        #expect(opened.settings["deploys"] == "true")
        #expect(opened.settings["url"] == "http://127.0.0.1:1")
        #expect(text("\(repository.path)/hooks/pre-receive") == nil)
        #expect(try repository.opened().settings["deploys"] == nil)
    }

    @Test func `a hook that is there is kept, and comes back`() throws {
        let repository = try TestRepository("--bare", "--template=")
        let hook = "\(repository.path)/hooks/pre-receive"
        try makeHook(hook, "echo mine")
        let installation = HookInstallation(try repository.opened())

        let first = try installation.install(program: "/faas", url: nil)
        let second = try installation.install(program: "/other/faas", url: nil)

        #expect(first.kept == ["pre-receive.before-faas"])
        #expect(second.kept == first.kept)
        #expect(text(hook)?.contains("/other/faas") == true)
        #expect(text(hook + ".before-faas")?.contains("echo mine") == true)
        let opened = try repository.opened()
        #expect(try HookInstallation(opened).uninstall().kept == ["pre-receive"])
        #expect(text(hook)?.contains("echo mine") == true)
        #expect(text(hook + ".before-faas") == nil)
    }

    @Test func `two hooks in the way are not chosen from`() throws {
        let repository = try TestRepository("--bare", "--template=")
        let hook = "\(repository.path)/hooks/pre-receive"
        try makeHook(hook, "one")
        try makeHook(hook + ".before-faas", "two")

        let error = #expect(throws: GitDeployError.self) {
            try HookInstallation(try repository.opened()).install(program: "/faas", url: nil)
        }

        #expect(error?.code == .repositoryInvalid)
        #expect(text(hook)?.contains("one") == true)
    }

    @Test func `hooks go where the repository looks for them`() throws {
        let repository = try TestRepository("--bare", "--template=")
        try repository.run("config", "core.hooksPath", "elsewhere")

        let report = try HookInstallation(try repository.opened())
            .install(program: "/faas", url: nil)

        #expect(report.folder == "\(repository.path)/elsewhere")
        #expect(!report.isShared)
        #expect(text("\(repository.path)/elsewhere/post-receive") != nil)
    }

    @Test func `a kept hook hears the same lines, and its status counts`() throws {
        let repository = try TestRepository("--bare", "--template=")
        let hook = "\(repository.path)/hooks/mine"
        try makeHook(hook, "cat > \(repository.path)/heard; exit 3")

        let status = try KeptHook.run(
            hook,
            input: Array("a b c\n".utf8),
            environment: TestRepository.environment
        )

        #expect(status == 3)
        #expect(text("\(repository.path)/heard") == "a b c\n")
        #expect(try KeptHook.run(hook + ".none", input: [], environment: [:]) == 0)
    }
}
