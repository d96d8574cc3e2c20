import Foundation
import Instances
import OCIInstances
import Testing

/// The layer with what the Python runtime requires, built once for all tests, as the gateway does
/// it.
actor RuntimeLayer {
    static let shared = RuntimeLayer()
    /// Where it was built; removed when the tests end.
    nonisolated(unsafe) private static var folder: String?

    private var building: Task<String, any Error>?

    func path() async throws -> String {
        if let building { return try await building.value }
        let task = Task { try await Self.build() }
        building = task
        return try await task.value
    }

    private static func build() async throws -> String {
        let host = try SandboxHost(runtimeLayer: "/nowhere")
        folder = host.folder.path
        atexit { RuntimeLayer.folder.map { try? FileManager.default.removeItem(atPath: $0) } }
        try await host.driver.reclaim()
        let builder = try await host.layerBuilder()
        let requirements = try String(
            contentsOf: SandboxHost.repository.appending(path: "runtime/python/requirements.txt"),
            encoding: .utf8
        )
        let order = LayerOrder(
            digest: "runtime",
            lines: requirements.split(separator: "\n").map(String.init),
            flags: []
        )
        try await builder.build(order) { _ in }
        await builder.close()
        host.expectNothingLeft()
        return builder.path(order.digest)
    }
}

/// A folder below the system's one for temporary files.
struct TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/oci-instances-tests-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
