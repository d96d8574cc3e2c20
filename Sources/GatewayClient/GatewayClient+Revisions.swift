package import Functions
package import GatewayAPI

extension GatewayClient {
    /// What was deployed of a function, the newest first.
    ///
    /// Throws `refused` with the code `functionNotFound` when there is none.
    package func revisions(of name: FunctionName) throws(ClientError) -> [RevisionReport] {
        try get(Routes.revisions(of: name), as: RevisionList.self).revisions
    }

    /// Gives the bundle of a revision, a tar archive, in pieces.
    ///
    /// Throws `refused` with the code `revisionNotFound` when its bundle is no longer kept.
    package func bundle(
        _ number: Int,
        of name: FunctionName,
        each: (UnsafeRawBufferPointer) throws(ClientError) -> Void
    ) throws(ClientError) {
        let request = Request(
            method: "GET",
            path: Routes.bundle(number, of: name),
            stallSeconds: configuration.deployStallSeconds
        )
        _ = try stream(request, body: each)
    }

    /// How a function's invocations are divided among its revisions.
    package func traffic(of name: FunctionName) throws(ClientError) -> TrafficReport {
        try get(Routes.traffic(of: name), as: TrafficReport.self)
    }

    /// Divides them anew, and ends a rollout that is under way.
    ///
    /// Throws `refused` with the code `trafficInvalid` or `revisionNotFound`.
    package func divideTraffic(
        of name: FunctionName,
        _ parts: [Traffic.Part]
    ) throws(ClientError) -> TrafficReport {
        try order("PUT", Routes.traffic(of: name), TrafficOrder(parts: parts))
    }

    /// All of the traffic goes to an earlier revision; without a number to the one served before.
    ///
    /// Throws `refused` with the code `revisionNotFound`.
    package func rollBack(
        _ name: FunctionName,
        to number: Int? = nil
    ) throws(ClientError) -> TrafficReport {
        try order("POST", Routes.rollback(name), RevisionChoice(number: number))
    }

    /// All of the traffic goes to a revision; without a number to the one being rolled out.
    ///
    /// Throws `refused` with the code `trafficInvalid` or `revisionNotFound`.
    package func promote(
        _ name: FunctionName,
        _ number: Int? = nil
    ) throws(ClientError) -> TrafficReport {
        try order("POST", Routes.promote(name), RevisionChoice(number: number))
    }

    private func order(
        _ method: String,
        _ path: String,
        _ value: some Encodable
    ) throws(ClientError) -> TrafficReport {
        guard let body = try? JSONCoding.encode(value) else {
            throw ClientError(.inputUnreadable, "the request could not be written as JSON")
        }
        let request = Request(
            method: method,
            path: path,
            fields: [("Content-Type", MediaType.json)],
            body: .bytes(body),
            // A revision that served nothing lately is tried first, as long as a deploy may take.
            stallSeconds: configuration.deployStallSeconds
        )
        return try decode(TrafficReport.self, try collect(request))
    }
}
