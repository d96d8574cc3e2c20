import Functions
import GatewayAPI
import GitDeploys
import HTTPTypes
import Hummingbird
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

extension GitRoutes {
    /// One request of git's; `service` is nil for the first, which names it in its query.
    func transport(
        _ request: Request,
        _ context: BasicRequestContext,
        _ service: BackendRequest.Service?
    ) async -> Response {
        do {
            let caller = try caller(request)
            let order = try await order(request, context, service, caller)
            return try await run(order, request)
        } catch let problem as Problem {
            return Self.refusal(problem)
        } catch {
            logger.error("git could not be served", metadata: ["error": "\(error)"])
            return Self.refusal(Problem(.gitFailed))
        }
    }

    private struct Caller {
        var account: Account
        var user: String
        var key: String?
    }

    private func caller(_ request: Request) throws -> Caller {
        let credentials = BasicCredentials(authorization: request.headers[.authorization])
        guard !access.isOpen else {
            return Caller(account: .local, user: credentials?.shownUser ?? "local", key: nil)
        }
        guard let credentials, let account = access.account(credentials.password) else {
            throw Problem(
                .unauthorized,
                detail: "Give an API key as the password; any name will do."
            )
        }
        return Caller(
            account: account,
            user: credentials.shownUser ?? account.description,
            key: credentials.password
        )
    }

    private func order(
        _ request: Request,
        _ context: BasicRequestContext,
        _ service: BackendRequest.Service?,
        _ caller: Caller
    ) async throws -> BackendRequest {
        let part = context.parameters.get("repository") ?? ""
        guard let name = BackendRequest.repository(inPath: part),
            let owned = try await blocking({ try store.find(name) }),
            access.isOpen || owned.account == caller.account
        else {
            throw Self.notFound(part.hasSuffix(".git") ? String(part.dropLast(4)) : part)
        }
        let named = request.uri.queryParameters["service"]
            .flatMap { BackendRequest.Service(rawValue: String($0)) }
        guard let wanted = service ?? named else {
            throw Problem(
                .queryInvalid,
                detail: "Only git's smart protocol is served: use git 1.6.6 or later."
            )
        }
        var order = BackendRequest(
            service: wanted,
            isAdvertisement: service == nil,
            repository: name,
            user: caller.user
        )
        order.contentType = request.headers[.contentType]
        order.contentLength = request.headers[.contentLength]
        order.contentEncoding = request.headers[.contentEncoding]
        order.protocolVersion = HTTPField.Name("Git-Protocol").flatMap { request.headers[$0] }
        order.key = caller.key
        return order
    }

    private func run(_ order: BackendRequest, _ request: Request) async throws -> Response {
        guard takePlace() else {
            throw Problem(
                .gitBusy,
                detail: "\(GitServerLimits.processesMax) fetches and pushes are under way.",
                retryAfterSeconds: 5
            )
        }
        let place = Place { running.withLockedValue { $0 -= 1 } }
        let host = store.host
        let (process, head, first) = try await processThreads.runIfActive {
            let process = try BackendProcess(
                git: host.git.path,
                environment: host.environment.merging(
                    order.variables(root: host.folder)
                ) { $1 }
            )
            let (head, first) = try process.head()
            return (process, head, first)
        }
        var headers = HTTPFields()
        for field in head.fields {
            guard let name = HTTPField.Name(field.name) else { continue }
            headers[name] = field.value
        }
        // What watches for the client's going away leaves nothing to read for a next request.
        if !order.isAdvertisement { headers[.connection] = "close" }
        let stream = BackendStream(
            process: process,
            group: group,
            body: order.isAdvertisement ? nil : request.body
        )
        return Response(
            status: .init(code: head.status),
            headers: headers,
            body: .init { writer in
                let answered: (any Error)?
                do {
                    try await stream.run(to: &writer, first: first)
                    answered = nil
                } catch { answered = error }
                await end(process, order, place)
                if let answered { throw answered }
                try await writer.finish(nil)
            }
        )
    }

    /// Waits for the process, and sees to a push that was taken while its client went away.
    private func end(_ process: BackendProcess, _ order: BackendRequest, _ place: Place) async {
        let status = (try? await processThreads.runIfActive { process.wait() }) ?? -1
        place.leave()
        for line in process.complaintLines() {
            logger.warning(
                "git complains",
                metadata: ["repository": "\(order.repository)", "line": "\(line)"]
            )
        }
        guard status != 0, order.service == .push, !order.isAdvertisement else { return }
        Task { await syncStale([order.repository]) }
    }

    private func takePlace() -> Bool {
        running.withLockedValue { running in
            guard running < GitServerLimits.processesMax else { return false }
            running += 1
            return true
        }
    }

    /// What git shows of a refusal is plain text.
    private static func refusal(_ problem: Problem) -> Response {
        var headers: HTTPFields = [.contentType: "text/plain; charset=utf-8"]
        if let seconds = problem.retryAfterSeconds { headers[.retryAfter] = "\(seconds)" }
        if problem.code == ProblemCode.unauthorized.rawValue {
            headers[.wwwAuthenticate] = "Basic realm=\"faas\""
        }
        return Response(
            status: .init(code: problem.status),
            headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: "\(problem.detail ?? problem.title)\n"))
        )
    }
}
