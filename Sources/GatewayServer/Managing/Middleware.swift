import GatewayAPI
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Packaging
import Storage

/// Answers what a route throws as a problem document.
struct ProblemMiddleware: RouterMiddleware {
    let known: KnownRoutes

    func handle(
        _ request: Request,
        context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            return Self.response(problem)
        } catch let error as HTTPError where error.status == .notFound {
            return notFound(request)
        } catch let error as HTTPError where error.status == .contentTooLarge {
            return Self.response(Problem(.payloadTooLarge))
        } catch let error as PackagingError {
            return Self.response(Problem(error))
        } catch let error as StorageError {
            context.logger.error("storage failed", metadata: ["reason": "\(error)"])
            return Self.response(Problem(.internal, detail: "The gateway's database failed."))
        }
    }

    private func notFound(_ request: Request) -> Response {
        let detail = "There is no \(request.method) \(request.uri.path)."
        let methods = known.methods(of: request.uri.path)
        guard !methods.isEmpty else {
            return Self.response(Problem(.routeNotFound, detail: detail))
        }
        var response = Self.response(Problem(.methodNotAllowed, detail: detail))
        response.headers[.allow] = methods.joined(separator: ", ")
        return response
    }

    static func response(_ problem: Problem) -> Response {
        var headers: HTTPFields = [.contentType: MediaType.problem]
        if let seconds = problem.retryAfterSeconds { headers[.retryAfter] = "\(seconds)" }
        if problem.code == ProblemCode.unauthorized.rawValue {
            headers[.wwwAuthenticate] = "Bearer"
        }
        return Response(
            status: .init(code: problem.status),
            headers: headers,
            body: .init(
                byteBuffer: ByteBuffer(bytes: (try? JSONCoding.encode(problem)) ?? [])
            )
        )
    }
}

/// Refuses requests without a key where keys are configured.
struct KeyMiddleware: RouterMiddleware {
    let authorizer: Authorizer

    func handle(
        _ request: Request,
        context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        let authorization = request.headers[.authorization]
        if let problem = authorizer.refusal(authorization: authorization, account: nil) {
            throw problem
        }
        return try await next(request, context)
    }
}
