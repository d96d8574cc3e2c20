package import Functions

/// One request to `git http-backend`, as the variables that CGI has for it.
package struct BackendRequest: Sendable, Hashable {
    /// What of a repository's remote is served: the smart protocol, and nothing else.
    package enum Service: String, Sendable, Hashable, CaseIterable {
        case fetch = "git-upload-pack"
        case push = "git-receive-pack"
    }

    package let service: Service
    /// The first of the two requests, which lists the references.
    package let isAdvertisement: Bool
    package let repository: FunctionName
    package var contentType: String?
    /// Nil for a body in chunks.
    package var contentLength: String?
    package var contentEncoding: String?
    /// Of the protocol, as in `version=2`.
    package var protocolVersion: String?
    package var user: String
    /// Passed on to the hooks of a push.
    package var key: String?

    package init(
        service: Service,
        isAdvertisement: Bool,
        repository: FunctionName,
        user: String
    ) {
        self.service = service
        self.isAdvertisement = isAdvertisement
        self.repository = repository
        self.user = user
    }

    /// The name in the path's part `NAME.git`.
    package static func repository(inPath part: String) -> FunctionName? {
        let suffix = ".git"
        return part.hasSuffix(suffix) ? FunctionName(String(part.dropLast(suffix.count))) : nil
    }

    /// `root` is the folder that all repositories are in.
    package func variables(root: String) -> [String: String] {
        let end = isAdvertisement ? "info/refs" : service.rawValue
        var variables = [
            "GIT_PROJECT_ROOT": root,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": "/\(repository).git/\(end)",
            "REQUEST_METHOD": isAdvertisement ? "GET" : "POST",
            "QUERY_STRING": isAdvertisement ? "service=\(service.rawValue)" : "",
            "REMOTE_USER": user,
            "GATEWAY_INTERFACE": "CGI/1.1",
        ]
        variables["CONTENT_TYPE"] = contentType
        variables["CONTENT_LENGTH"] = contentLength
        variables["HTTP_CONTENT_ENCODING"] = contentEncoding
        variables["FAAS_TOKEN"] = key
        if let protocolVersion, Self.isVersion(protocolVersion) {
            variables["GIT_PROTOCOL"] = protocolVersion
        }
        return variables
    }

    /// `version=2`, and other pairs with colons between them.
    private static func isVersion(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || "=:-.".utf8.contains(byte)
            }
    }
}
