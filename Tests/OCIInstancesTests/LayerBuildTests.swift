import Foundation
import Instances
import OCIInstances
import Synchronization
import Testing

/// A package index that takes connections and never answers.
private final class SilentIndex: Sendable {
    private let listener: CInt
    let url: String

    init() throws {
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (listener, size) = (listener, length)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) + listen(listener, 16)
                    + getsockname(listener, address, &length)
            }
        }
        try #require(status == 0)
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/simple"
    }

    deinit { close(listener) }

    /// Whether an installer waits for an answer.
    var isAsked: Bool {
        var watched = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, 0) > 0
    }
}

extension SandboxTests.Builds {
    private func order(_ digest: String) -> LayerOrder {
        LayerOrder(digest: digest, lines: ["probe==1.0"], flags: [])
    }

    /// Names in the folder of layers: those that are being built too.
    private func layers(_ host: SandboxHost) throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            atPath: "\(host.configuration.dataFolder)/layers"
        )
    }

    @Test func `a build whose task is cancelled ends with all its processes`() async throws {
        try await withSandboxHost { host in
            let index = try SilentIndex()
            let builder = try await host.layerBuilder(index: index.url)
            let build = Task { try await builder.build(order("one")) { _ in } }
            #expect(await eventually(within: 60) { index.isAsked })
            #expect(!host.processes().isEmpty)

            build.cancel()

            let error = await #expect(throws: InstanceError.self) { try await build.value }
            #expect(error?.code == .closed)
            #expect(try layers(host) == [])
            host.expectNothingLeft()
            await builder.close()
        }
    }

    @Test func `a build beyond the limit waits, and can be given up in line`() async throws {
        try await withSandboxHost { host in
            let index = try SilentIndex()
            let builder = try await host.layerBuilder(runningMax: 1, index: index.url)
            let first = Task { try await builder.build(order("one")) { _ in } }
            #expect(await eventually(within: 60) { index.isAsked })
            let (steps, pump) = AsyncStream.makeStream(of: LayerProgress.self)
            let second = Task { try await builder.build(order("two")) { pump.yield($0) } }
            for await step in steps {
                #expect(step == .waiting(running: 1))
                break
            }

            second.cancel()

            let error = await #expect(throws: InstanceError.self) { try await second.value }
            #expect(error?.code == .closed)
            #expect(!host.processes().isEmpty, "the first build has ended too")
            first.cancel()
            _ = await first.result
            await builder.close()
        }
    }

    @Test func `closing a builder ends what it builds, and nothing is built after`() async throws {
        try await withSandboxHost { host in
            let index = try SilentIndex()
            let builder = try await host.layerBuilder(index: index.url)
            let build = Task { try await builder.build(order("one")) { _ in } }
            #expect(await eventually(within: 60) { index.isAsked })

            await builder.close()

            host.expectNothingLeft()
            #expect(try layers(host) == [])
            let error = await #expect(throws: InstanceError.self) { try await build.value }
            #expect(error?.code == .closed)
            let late = await #expect(throws: InstanceError.self) {
                try await builder.build(order("two")) { _ in }
            }
            #expect(late?.code == .closed)
        }
    }
}
