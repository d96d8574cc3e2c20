import Foundation
import Functions
import Testing
import Weights

@Suite struct RedirectTests {
    private let folder: WeightFolder
    private let plain: WeightServer
    private let secure: WeightServer
    private let certificate: String

    init() throws {
        folder = try WeightFolder()
        certificate = "\(folder.path)/certificate.pem"
        let key = "\(folder.path)/key.pem"
        try Shell.run(
            "/usr/bin/openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=test",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            key,
            "-out",
            certificate
        )
        plain = try WeightServer(folder: folder.files)
        secure = try WeightServer(folder: folder.files, certificate: certificate, key: key)
    }

    private var trusting: WeightStore { folder.store(environment: ["SSL_CERT_FILE": certificate]) }

    @Test func `a redirect to https is followed`() throws {
        let weights = try folder.make()
        let place = "redirect/https/127.0.0.1:\(secure.port)/ranges/model.bin"

        let path = try trusting.fetch(weights.at("\(plain.url)/\(place)"))

        #expect(try contents(path) == weights.bytes)
    }

    @Test func `a redirect is not followed to anything but https`() throws {
        let weights = try folder.make()
        let place = "redirect/http/127.0.0.1:\(plain.port)/ranges/model.bin"

        for server in [plain, secure] {
            let error = #expect(throws: WeightsError.self) {
                try trusting.fetch(weights.at("\(server.url)/\(place)"))
            }
            #expect(error?.code == .sourceRefused)
        }
        #expect(try plain.asked().count == 1)
    }

    @Test func `a redirect to a metadata service is refused`() throws {
        let weights = try folder.make()
        let place = "redirect/https/169.254.169.254/latest/model.bin"

        let error = #expect(throws: WeightsError.self) {
            try trusting.fetch(weights.at("\(plain.url)/\(place)"))
        }

        #expect(error?.code == .sourceRefused)
        #expect(error?.message.contains("link-local") == true)
    }

    @Test func `redirects without end are given up`() throws {
        let weights = try folder.make()

        let error = #expect(throws: WeightsError.self) {
            try trusting.fetch(weights.at("\(secure.url)/around/model.bin"))
        }

        #expect(error?.code == .sourceRefused)
        #expect(try secure.asked().count == WeightLimits().redirectsMax + 1)
    }

    @Test func `a server whose certificate is not trusted is told as such`() throws {
        let weights = try folder.make()

        let error = #expect(throws: WeightsError.self) {
            try folder.store().fetch(weights.at("\(secure.url)/ranges/model.bin"))
        }

        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("SSL_CERT_FILE") == true)
    }
}
