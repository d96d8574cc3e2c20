import Functions
import GatewayAPI
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Packaging
import Storage

/// Revisions, traffic, and pushes of several functions.
extension ManagementRoutes {
    func addRevisionRoutes(to router: RouterGroup<BasicRequestContext>) {
        router.get("/v1/functions/:name/revisions") { request, context in
            try Self.json(try await revisions(route(request, context), for: request))
        }
        router.get("/v1/functions/:name/revisions/:number/bundle") { request, context in
            try await bundle(route(request, context), context)
        }
        router.get("/v1/functions/:name/traffic") { request, context in
            let name = try route(request, context).revision.function
            return try report(name, deployer.traffic(of: name))
        }
        router.put("/v1/functions/:name/traffic") { request, context in
            let name = try route(request, context).revision.function
            let order: TrafficOrder = try await body(request)
            return try report(name, await deployer.divide(order, of: name))
        }
        router.post("/v1/functions/:name/rollback") { request, context in
            let name = try route(request, context).revision.function
            let choice: RevisionChoice = try await body(request)
            return try report(name, await deployer.rollBack(name, to: choice.number))
        }
        router.post("/v1/functions/:name/promote") { request, context in
            let name = try route(request, context).revision.function
            let choice: RevisionChoice = try await body(request)
            return try report(name, await deployer.promote(name, choice.number))
        }
        addPushRoutes(to: router)
    }

    private func addPushRoutes(to router: RouterGroup<BasicRequestContext>) {
        router.post("/v1/pushes") { request, _ in
            let order: PushOrder = try await body(request)
            let ticket = try deployer.openPush(order, account: account(request))
            return try Self.json(ticket, status: .created)
        }
        router.post("/v1/pushes/:id/apply") { request, context in
            let application: PushApplication = try await body(request)
            let id = context.parameters.get("id") ?? ""
            return try Self.json(
                try await deployer.applyPush(id, application, account: account(request))
            )
        }
        router.delete("/v1/pushes/:id") { request, context in
            let id = context.parameters.get("id") ?? ""
            try await deployer.dropPush(id, account: account(request))
            return Response(status: .noContent)
        }
    }

    private func report(_ name: FunctionName, _ traffic: Traffic) throws -> Response {
        try Self.json(TrafficReport(name: name.description, traffic: traffic))
    }

    /// An empty body stands for an empty object.
    private func body<Value: Decodable>(_ request: Request) async throws -> Value {
        let buffer = try await request.body.collect(upTo: Self.orderBytesMax)
        let bytes = buffer.readableBytes == 0 ? Array("{}".utf8) : Array(buffer.readableBytesView)
        do { return try JSONCoding.decode(Value.self, from: bytes) } catch {
            throw Problem(.requestInvalid, detail: "The body is not a \(Value.self): \(error)")
        }
    }

    /// The largest body of an order, in bytes.
    private static let orderBytesMax = 1 << 20

    private func revisions(_ route: Route, for request: Request) async throws -> RevisionList {
        let name = route.revision.function
        let traffic = try deployer.traffic(of: name)
        // The name may have been another account's before.
        let own = try await deployer.registry.revisions(of: name).filter {
            owns($0.revision.account, request)
        }
        return RevisionList(
            revisions: own.map { deployment in
                let number = deployment.revision.number
                return RevisionReport(
                    revision: deployment.revision.id,
                    number: number,
                    digest: deployment.revision.digest,
                    origin: deployment.origin,
                    deployedAtMicros: deployment.revision.deployedAtMicros,
                    share: traffic.parts.first { $0.number == number }?.share,
                    isKept: deployment.isKept
                )
            }
        )
    }

    /// A revision's bundle as it was deployed: packing the same files gives the same bytes.
    private func bundle(_ route: Route, _ context: BasicRequestContext) async throws -> Response {
        let name = route.revision.function
        let number = context.parameters.get("number").flatMap { Int($0) } ?? 0
        guard let deployment = try await deployer.registry.revision(number, of: name),
            deployment.isKept
        else {
            throw Problem(
                .revisionNotFound,
                detail: "There is no revision \(number) of \(name), or its bundle is no longer "
                    + "kept: see `faas revisions \(name)`."
            )
        }
        let id = dispatcher.makeID(acceptedAtMicros: Clock.wallMicros())
        let archive = "\(deployer.setting.incomingFolder)/\(id).out.tar"
        let folder = "\(deployer.setting.bundlesFolder)/\(deployment.revision.digest)"
        let file = try await threads.runIfActive {
            _ = try Bundle.pack(folder: folder, into: archive)
            return try OpenUpload(path: archive)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-tar", .contentLength: "\(file.byteCount)"],
            body: .init(contentLength: file.byteCount) { writer in
                while let chunk = try await threads.runIfActive({ try file.next() }) {
                    try await writer.write(chunk)
                }
                try await writer.finish(nil)
            }
        )
    }
}
