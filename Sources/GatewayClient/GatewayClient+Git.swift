package import Functions
package import GatewayAPI

extension GatewayClient {
    /// Opens a push; until it is applied or dropped no other of its repository is.
    ///
    /// Throws `refused` with the code `pushInProgress` while another one is open.
    package func openPush(_ origin: Origin) throws(ClientError) -> PushTicket {
        try decode(PushTicket.self, try post(Routes.pushes, PushOrder(origin: origin)))
    }

    /// Has all that was prepared take traffic, at once.
    ///
    /// Throws `refused` with the code `pushNotFound` when the gateway dropped the push meanwhile.
    package func applyPush(
        _ id: String,
        _ application: PushApplication
    ) throws(ClientError) -> PushResult {
        try decode(PushResult.self, try post(Routes.apply(id), application))
    }

    /// Drops what was prepared; what served before goes on serving.
    package func dropPush(_ id: String) throws(ClientError) {
        try delete(Routes.push(id))
    }

    /// Sends a bundle whose origin is known, and follows its way.
    ///
    /// With `push` it is made ready and takes no traffic yet: the event returned is `prepared`, or
    /// `done` for a bundle that serves already. Without it is `done`. Throws `refused` for
    /// `failed`.
    package func deploy(
        _ name: FunctionName,
        bundle: RequestBody,
        push: String?,
        origin: Origin,
        onTick: @escaping (UploadProgress) -> Void = { _ in },
        onEvent: (DeployEvent) -> Void
    ) throws(ClientError) -> DeployEvent {
        let request = Request(
            method: "PUT",
            path: Request.path(
                Routes.function(name),
                parameters: push.map { [("push", $0)] + origin.parameters } ?? origin.parameters
            ),
            fields: [("Content-Type", MediaType.bundle)],
            body: bundle,
            stallSeconds: configuration.deployStallSeconds
        )
        var last: DeployEvent?
        try lines(request, tick: onTick) { (line) throws(ClientError) in
            let event = try decode(DeployEvent.self, line)
            last = event
            onEvent(event)
        }
        switch last?.step {
        case .done, .prepared: if let last { return last }
        case .failed:
            throw ClientError(
                problem: last?.problem ?? Problem(.internal, detail: last?.message)
            )
        default: break
        }
        throw ClientError(
            .connectionLost,
            "the gateway ended the deploy without saying how it went",
            advice: "`faas describe \(name)` shows what serves"
        )
    }
}

extension GatewayClient {
    /// The repositories of the caller's account, by name.
    package func repositories() throws(ClientError) -> [RepositoryReport] {
        try get(Routes.repositories, as: RepositoryList.self).repositories
    }

    /// Throws `refused` with the code `repositoryNotFound` when there is none.
    package func repository(_ name: FunctionName) throws(ClientError) -> RepositoryReport {
        try get(Routes.repository(name), as: RepositoryReport.self)
    }

    /// Makes a repository on the gateway's host, unless it is there already.
    package func makeRepository(_ name: FunctionName) throws(ClientError) -> RepositoryReport {
        let request = Request(
            method: "PUT",
            path: Routes.repository(name),
            body: .bytes([]),
            timeoutMillis: configuration.requestTimeoutMillis
        )
        return try decode(RepositoryReport.self, try collect(request))
    }

    /// Deletes a repository with its history; the functions that came from it stay.
    package func removeRepository(_ name: FunctionName) throws(ClientError) {
        try delete(Routes.repository(name))
    }

    private func post(
        _ path: String,
        _ value: some Encodable
    ) throws(ClientError) -> [UInt8] {
        guard let body = try? JSONCoding.encode(value) else {
            throw ClientError(.inputUnreadable, "the request could not be written as JSON")
        }
        return try collect(
            Request(
                method: "POST",
                path: path,
                fields: [("Content-Type", MediaType.json)],
                body: .bytes(body),
                timeoutMillis: configuration.requestTimeoutMillis
            )
        )
    }
}
