import Foundation
import Storage
import Testing

import Triggers

@Suite final class CallbackSecretTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "faas-secret-\(UUID().uuidString)")
    private var path: String { folder.appending(path: "callback.key").path }

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func write(_ text: String, permissions: Int = 0o600) {
        _ = FileManager.default.createFile(
            atPath: path,
            contents: Data(text.utf8),
            attributes: [.posixPermissions: permissions]
        )
    }

    @Test func `a secret is made at first use, for its owner alone, and stays`() throws {
        let secret = try CallbackPoster.secret(atPath: path)

        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(secret.count == 32)
        #expect(Set(secret).count > 8)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try CallbackPoster.secret(atPath: path) == secret)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 1)
    }

    @Test(arguments: ["", "whsec_"])
    func `a secret of one's own is used`(prefix: String) throws {
        let secret = Data(repeating: 7, count: 40)
        write(prefix + secret.base64EncodedString() + "\n")

        #expect(try CallbackPoster.secret(atPath: path) == Array(secret))
    }

    @Test(
        arguments: ["", "\n", "not base64", Data(repeating: 7, count: 31).base64EncodedString()]
    )
    func `a file that holds no secret is an error`(text: String) throws {
        write(text)

        let error = #expect(throws: StorageError.self) {
            try CallbackPoster.secret(atPath: self.path)
        }
        #expect(error?.code == .corrupt)
    }

    @Test func `a secret that others may read is an error`() throws {
        write(Data(repeating: 7, count: 32).base64EncodedString(), permissions: 0o644)

        let error = #expect(throws: StorageError.self) {
            try CallbackPoster.secret(atPath: self.path)
        }
        #expect(error?.code == .inputOutput)
        #expect(error?.message.contains("chmod 600") == true)
    }

    @Test func `a secret in a folder that is not there is an error`() throws {
        #expect(throws: StorageError.self) {
            try CallbackPoster.secret(atPath: "\(self.folder.path)/none/callback.key")
        }
    }
}
