import Brokers
import Functions
import Testing
import Triggers

struct BrokerURLTests {
    private struct Parts: Equatable {
        var user: String?
        var password: String?
        var host: String
        var port: Int
        var path: String?
    }

    @Test func `a URL is taken apart`() throws {
        let table: [(String, Parts)] = [
            ("nats://127.0.0.1", Parts(host: "127.0.0.1", port: 4_222)),
            ("nats://host:1", Parts(host: "host", port: 1)),
            ("nats://host/", Parts(host: "host", port: 4_222, path: "")),
            ("nats://[::1]:5/a/b", Parts(host: "::1", port: 5, path: "a/b")),
            (
                "nats://me:p%40s%3as@host:9/%2F",
                Parts(user: "me", password: "p@s:s", host: "host", port: 9, path: "%2F")
            ),
            ("nats://:only@host", Parts(password: "only", host: "host", port: 4_222)),
            ("nats://token@host", Parts(user: "token", host: "host", port: 4_222)),
            ("nats://a:b@c@host", Parts(user: "a", password: "b@c", host: "host", port: 4_222)),
        ]
        for (text, expected) in table {
            let url = try parsed(text)
            let parts = Parts(
                user: url.user,
                password: url.password,
                host: url.host,
                port: url.port,
                path: url.path
            )
            #expect(parts == expected, "\(text)")
        }
    }

    @Test func `what is no URL of the broker is invalid, and shows no password`() {
        let texts = [
            "", "nats", "nats://", "http://x", "nats://:secret@", "nats://:secret@host:0",
            "nats://:secret@host:99999", "nats://:secret@[::1", "nats://:secret@host:a",
        ]
        for text in texts {
            do throws(BrokerError) {
                _ = try parsed(text)
                Issue.record("\(text) was taken")
            } catch {
                #expect(error.code == .invalid)
                #expect(!error.description.contains("secret"), "\(error)")
            }
        }
    }

    @Test func `a broken escape stays as it is`() {
        #expect(BrokerURL.decoded("%zz%4") == "%zz%4")
        #expect(BrokerURL.decoded("%C3%A5") == "å")
    }

    private func parsed(_ text: String) throws(BrokerError) -> BrokerURL {
        try BrokerURL(BrokerSource(kind: .nats, url: text), schemes: ["nats": 4_222])
    }
}
