import Foundation
import Functions
import Instances
import OCIInstances
import Testing

extension SandboxTests {
    @Suite struct Weights {}
}

extension SandboxTests.Weights {
    private static let handler = """
        import mmap, os

        def load():
            with open(os.environ["FAAS_MODEL"], "rb") as file:
                read = file.read()
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            return read, mapped

        def refused(call) -> bool:
            try:
                call()
                return False
            except OSError:
                return True

        def predict(model) -> dict:
            read, mapped = model
            path = os.environ["FAAS_MODEL"]
            with open("/proc/self/mountinfo") as file:
                mounts = [line.split() for line in file]
            return {
                "path": path, "text": read.decode(), "mapped": mapped[:].decode(),
                "names": os.listdir("/model"), "isRoot": os.getuid() == 0,
                "options": [mount[5] for mount in mounts if mount[4].startswith("/model")],
                "done": [
                    name for name, call in {
                        "append": lambda: open(path, "ab"), "make": lambda: open("/model/x", "wb"),
                        "chmod": lambda: os.chmod(path, 0o777), "unlink": lambda: os.unlink(path),
                        "rename": lambda: os.rename(path, "/model/y"),
                        "run": lambda: os.execv(path, ["x"]),
                    }.items() if not refused(call)
                ],
            }
        """

    /// A plan whose weights lie in a folder that only root may look into.
    private func plan(_ host: SandboxHost, forks: Bool) throws -> SandboxPlan {
        var manifest = Manifest(name: "weighty")
        manifest.env = ["FAAS_MODEL": "/elsewhere"]
        manifest.model = Manifest.ModelFile(
            source: "https://example.org/models/tiny.onnx?version=2",
            sha256: String(repeating: "a", count: 64)
        )
        var plan = try host.plan(Self.handler, manifest: manifest)
        let folder = "\(host.folder.path)/weights"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        plan.weights = "\(folder)/aaaa"
        plan.forks = forks
        try Data("the weights".utf8).write(to: URL(filePath: "\(folder)/aaaa"))
        try #require(chmod("\(folder)/aaaa", 0o444) == 0)
        return plan
    }

    private struct Found: Decodable {
        var path: String
        var text: String
        var mapped: String
        var names: [String]
        var isRoot: Bool
        var options: [String]
        /// What should have been refused.
        var done: [String]
    }

    @Test(arguments: [true, false])
    func `a handler reads its weights where the environment says and cannot change them`(
        forks: Bool
    ) async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(plan(host, forks: forks))
            let instance = try await sandbox.fork(1, device: .cpu)

            let answer = try await instance.answer("{}", on: host)

            let found = try JSONDecoder().decode(Found.self, from: Data(answer.text.utf8))
            #expect(found.path == "/model/tiny.onnx")
            #expect(found.text == "the weights")
            #expect(found.mapped == "the weights")
            #expect(found.names == ["tiny.onnx"])
            #expect(!found.isRoot)
            #expect(found.options.count == 2)
            for options in found.options.map({ $0.split(separator: ",") }) {
                #expect(Set(options).isSuperset(of: ["ro", "nosuid", "nodev", "noexec"]))
            }
            #expect(found.done == [])
            await sandbox.close()
            host.expectNothingLeft()
        }
    }

    @Test func `a sandbox with weights leaves no mount and no name in the image`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(plan(host, forks: true))
            let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
            await sandbox.close()

            let image = "\(host.configuration.rootFolder)/model"
            #expect(!mounts.contains(host.folder.path))
            #expect(try FileManager.default.contentsOfDirectory(atPath: image) == [])
        }
    }

    @Test func `weights that are not there are the host's fault`() async throws {
        try await withSandboxHost { host in
            var plan = try plan(host, forks: true)
            plan.weights = "/nowhere/at/all"

            let error = await #expect(throws: InstanceError.self) {
                _ = try await host.driver.open(plan)
            }

            #expect(error?.code == .host)
            host.expectNothingLeft()
        }
    }
}
