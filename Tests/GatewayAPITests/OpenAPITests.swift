import FoundationEssentials
import Functions
import GatewayAPI
import Testing
import Yams

/// `gateway/openapi.yaml` and the wire types say the same.
@Suite struct OpenAPITests {
    private let schemas: Node.Mapping
    private let paths: Node.Mapping

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "gateway/openapi.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        let root = try #require(try Yams.compose(yaml: text))
        schemas = try #require(root["components"]?["schemas"]?.mapping)
        paths = try #require(root["paths"]?.mapping)
    }

    @Test func `each type's members are its schema's properties`() throws {
        for (name, value) in try Samples.all() {
            let properties = try #require(schemas[Node(name)]?["properties"]?.mapping, "\(name)")

            #expect(try keys(value) == properties.keys.compactMap(\.string).sorted(), "\(name)")
        }
    }

    @Test func `what a schema requires is what a type cannot do without`() throws {
        for (name, value) in try Samples.all() {
            let schema = try #require(schemas[Node(name)])
            let required = schema["required"]?.sequence?.compactMap(\.string).sorted() ?? []

            #expect(try needed(value) == required, "\(name)")
        }
    }

    @Test func `each list of words is its enumeration's`() throws {
        let words = try [
            "DeployStep": words(DeployEvent.Step.self), "FunctionState": words(FunctionState.self),
            "LogLevel": words(LogLevel.self), "UsageGrouping": words(UsageQuery.Grouping.self),
            "StartKind": words(StartKind.self), "Outcome": words(Outcome.self),
            "ZygoteState": words(ZygoteState.self), "CgroupLayout": words(CgroupLayout.self),
            "InvocationState": words(InvocationReport.State.self),
        ]

        for (name, cases) in words {
            #expect(
                schemas[Node(name)]?["enum"]?.sequence?.compactMap(\.string) == cases,
                "\(name)"
            )
        }
        let codes = schemas["ProblemCode"]?["examples"]?.sequence?.compactMap(\.string)
        #expect(codes == ProblemCode.allCases.map(\.rawValue))
    }

    @Test func `each route of events is there`() throws {
        let name = try #require(FunctionName("hello"))
        let queue = try #require(QueueName("patients"))
        let id = try #require(InvocationID("018f2c6e-4d3a-7abc-8def-0123456789ab"))
        let routes = [
            (Routes.invokeAsync(name), "/async-function/{name}"),
            (Routes.invocation(id), "/v1/invocations/{id}"),
            (Routes.result(id), "/v1/invocations/{id}/result"),
            (Routes.queues, "/v1/queues"), (Routes.queue(queue), "/v1/queues/{queue}"),
            (Routes.queueMessages(queue), "/v1/queues/{queue}/messages"),
            (Routes.dead(queue), "/v1/queues/{queue}/dead"),
            (Routes.redrive(queue), "/v1/queues/{queue}/redrive"),
            (Routes.purge(queue), "/v1/queues/{queue}/purge"), (Routes.schedules, "/v1/schedules"),
        ]

        for (route, path) in routes {
            let filled = path.split(separator: "/").map { part in
                ["{name}": "hello", "{queue}": "patients", "{id}": id.description][part]
                    ?? String(part)
            }
            #expect("/" + filled.joined(separator: "/") == route)
            #expect(paths[Node(path)] != nil, "\(path)")
        }
    }

    @Test func `each route of revisions, pushes and repositories is there`() throws {
        let name = try #require(FunctionName("hello"))
        let routes = [
            (Routes.revisions(of: name), "/v1/functions/{name}/revisions"),
            (Routes.bundle(4, of: name), "/v1/functions/{name}/revisions/{number}/bundle"),
            (Routes.traffic(of: name), "/v1/functions/{name}/traffic"),
            (Routes.rollback(name), "/v1/functions/{name}/rollback"),
            (Routes.promote(name), "/v1/functions/{name}/promote"),
            (Routes.pushes, "/v1/pushes"), (Routes.push("p1"), "/v1/pushes/{push}"),
            (Routes.apply("p1"), "/v1/pushes/{push}/apply"),
            (Routes.repositories, "/v1/repositories"),
            (Routes.repository(name), "/v1/repositories/{repository}"),
        ]

        for (route, path) in routes {
            let filled = path.split(separator: "/").map { part in
                ["{name}": "hello", "{repository}": "hello", "{push}": "p1", "{number}": "4"][part]
                    ?? String(part)
            }
            #expect("/" + filled.joined(separator: "/") == route)
            #expect(paths[Node(path)] != nil, "\(path)")
        }
    }

    private func words<Word: CaseIterable & RawRepresentable>(_ type: Word.Type) throws -> [String]
    where Word.RawValue == String {
        type.allCases.map(\.rawValue)
    }

    private func members(_ value: some Encodable) throws -> [String: RawJSON] {
        let json = try JSONCoding.decode(RawJSON.self, from: JSONCoding.encode(value))
        guard case .object(let members) = json else { return [:] }
        return members
    }

    private func keys(_ value: any Encodable) throws -> [String] {
        try members(value).keys.sorted()
    }

    /// The keys without which decoding fails, tried one by one.
    private func needed<Value: Codable>(_ value: Value) throws -> [String] {
        let members = try members(value)
        return try members.keys.sorted().filter { key in
            var rest = members
            rest[key] = nil
            let bytes = try JSONCoding.encode(RawJSON.object(rest))
            return (try? JSONCoding.decode(Value.self, from: bytes)) == nil
        }
    }
}
