import Foundation
import Instances
import OCIInstances
import Testing

/// What is written to a group's files; plain folders stand for hierarchies with and without swap
/// accounting, of which a host has one.
@Suite struct CgroupLimitTests {
    private let folder: TemporaryFolder
    private let limits = Cgroups.Limits(memoryBytes: 64 << 20, processes: 5, cpuMillis: 250)

    init() throws { folder = try TemporaryFolder() }

    /// Makes a group's folder in a hierarchy, with files as the kernel makes them.
    private func prepare(_ hierarchy: String, _ files: [String] = []) throws {
        let group = "\(folder.path)/\(hierarchy)/faas/one"
        try FileManager.default.createDirectory(atPath: group, withIntermediateDirectories: true)
        for file in files { try Data().write(to: URL(filePath: "\(group)/\(file)")) }
    }

    private func written(_ path: String) -> String? {
        let data = FileManager.default.contents(atPath: "\(folder.path)/\(path)")
        return data.map { String(decoding: $0, as: UTF8.self) }
    }

    private func versionOne() -> Cgroups {
        let names = ["memory", "pids", "cpu"]
        let mounts = names.map { ($0, "\(folder.path)/\($0)") }
        return Cgroups(layout: .v1(Dictionary(mounts) { first, _ in first }), tag: "tag")
    }

    @Test func `in version 1 memory and swap together have the limit of memory`() throws {
        defer { folder.remove() }
        try prepare("memory", ["memory.memsw.limit_in_bytes"])

        try versionOne().make("/faas/one", limits)

        #expect(written("memory/faas/one/memory.limit_in_bytes") == "67108864")
        #expect(written("memory/faas/one/memory.memsw.limit_in_bytes") == "67108864")
        #expect(written("pids/faas/one/pids.max") == "5")
        #expect(written("cpu/faas/one/cpu.cfs_quota_us") == "25000")
    }

    @Test func `in version 1 the kernel's buffers of sockets have the limit of memory`() throws {
        defer { folder.remove() }
        try prepare("memory", ["memory.kmem.tcp.limit_in_bytes"])

        try versionOne().make("/faas/one", limits)

        #expect(written("memory/faas/one/memory.kmem.tcp.limit_in_bytes") == "67108864")
        #expect(written("memory/faas/one/memory.memsw.limit_in_bytes") == nil)
    }

    @Test func `without swap accounting version 1 limits memory alone`() throws {
        defer { folder.remove() }

        try versionOne().make("/faas/one", limits)

        #expect(written("memory/faas/one/memory.limit_in_bytes") == "67108864")
        #expect(written("memory/faas/one/memory.memsw.limit_in_bytes") == nil)
        #expect(written("memory/faas/one/memory.kmem.tcp.limit_in_bytes") == nil)
    }

    @Test func `in version 2 a group has nothing in swap`() throws {
        defer { folder.remove() }
        try prepare("unified", ["memory.swap.max"])

        try Cgroups(layout: .v2("\(folder.path)/unified"), tag: "tag").make("/faas/one", limits)

        #expect(written("unified/faas/one/memory.max") == "67108864")
        #expect(written("unified/faas/one/memory.swap.max") == "0")
        #expect(written("unified/faas/one/cpu.max") == "25000 100000")
    }

    @Test func `without swap accounting version 2 limits memory alone`() throws {
        defer { folder.remove() }

        try Cgroups(layout: .v2("\(folder.path)/unified"), tag: "tag").make("/faas/one", limits)

        #expect(written("unified/faas/one/memory.max") == "67108864")
        #expect(written("unified/faas/one/memory.swap.max") == nil)
    }
}

extension SandboxTests.Lives {
    @Test func `neither a zygote nor an instance has swap besides its memory`() async throws {
        try await withSandboxHost { host in
            let sandbox = try await host.driver.open(host.plan(function: "echo"))
            _ = try await sandbox.fork(1, device: .cpu)

            for name in ["zygote", "i1"] {
                let values = host.groups(named: name).flatMap { group in
                    ["memory.memsw.limit_in_bytes", "memory.swap.max"].compactMap { file in
                        try? String(contentsOfFile: "\(group)/\(file)", encoding: .utf8)
                    }
                }
                // Where the kernel does not account for swap there is no such file.
                let isAccounted = FileManager.default.fileExists(
                    atPath: "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"
                )
                #expect(!values.isEmpty || !isAccounted, "\(name)")
                #expect(values.allSatisfy { ["67108864\n", "0\n"].contains($0) }, "\(name)")
                let buffers = host.groups(named: name).compactMap { group in
                    try? String(
                        contentsOfFile: "\(group)/memory.kmem.tcp.limit_in_bytes",
                        encoding: .utf8
                    )
                }
                #expect(buffers.allSatisfy { $0 == "67108864\n" }, "\(name)")
            }
            await sandbox.close()
        }
    }
}
