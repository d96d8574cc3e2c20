import Foundation
import Storage
import Testing

import Triggers

@Suite struct CallbackEventTests {
    private func structured(_ contentType: String?, _ body: String) throws -> [String: Any] {
        let callback = StoredCallback.sample(to: "", contentType: contentType, body: body)
        let content = CallbackEvent(callback, source: "").content(.structured)
        let object = try JSONSerialization.jsonObject(with: Data(content.body))
        return try #require(object as? [String: Any])
    }

    @Test(
        arguments: ["application/json", "application/problem+json", "text/json; charset=utf-8"]
    )
    func `JSON is an event's data`(contentType: String) throws {
        let event = try structured(contentType, "[1, null]")

        #expect((event["data"] as? [Any])?.count == 2)
        #expect(event["data_base64"] == nil)
        #expect(event["datacontenttype"] as? String == contentType)
    }

    @Test(
        arguments: [
            ("text/plain", "hello"), ("application/json", "NaN"), ("application/json", "{"),
            (nil, "{}"), ("image/png", "\u{89}PNG"),
        ] as [(String?, String)]
    )
    func `what is not JSON is base64`(contentType: String?, body: String) throws {
        let event = try structured(contentType, body)

        let text = try #require(event["data_base64"] as? String)
        #expect(Data(base64Encoded: text) == Data(body.utf8))
        #expect(event["data"] == nil)
        #expect(
            event["datacontenttype"] as? String == contentType ?? "application/octet-stream"
        )
    }

    @Test func `an empty answer is an event without data`() throws {
        let event = try structured("application/json", "")

        #expect(event["data"] == nil)
        #expect(event["data_base64"] == nil)
    }

    @Test func `an answer that is an event itself is sent within one`() throws {
        let answer = #"{"specversion":"1.0","id":"1","source":"a","type":"b"}"#
        let callback = StoredCallback.sample(
            to: "",
            contentType: "application/cloudevents+json",
            body: answer
        )

        let content = CallbackEvent(callback, source: "").content(.binary)

        let object = try JSONSerialization.jsonObject(with: Data(content.body))
        let event = try #require(object as? [String: Any])
        #expect(event["type"] as? String == "faas.invocation.completed")
        #expect((event["data"] as? [String: Any])?["type"] as? String == "b")
        #expect(!content.fields.contains { $0.name.hasPrefix("ce-") })
    }

    @Test func `values of fields are percent-encoded`() {
        let callback = StoredCallback.sample(to: "")

        let content = CallbackEvent(callback, source: "a \"b\" 100% é").content(.binary)

        #expect(
            content.fields.first { $0.name == "ce-source" }?.value
                == "a%20%22b%22%20100%25%20%C3%A9/function/diabetes"
        )
    }

    @Test(
        arguments: [
            "{}", " [ ] ", "0", "-0.5e+10", "1E5", #""\u00e9\n""#,
            #"{"a":{"b":[true,false,null]}}"#,
            "\"é\"", "[1,2]\n",
        ]
    )
    func `is JSON`(text: String) {
        #expect(JSONGrammar.accepts(Array(text.utf8)))
    }

    @Test(
        arguments: [
            "", " ", "NaN", "-Infinity", "01", "1.", ".5", "1e", "+1", "-", "[1,]", "{\"a\":}",
            "{a:1}", "{\"a\" 1}", "[1 2]", "\"\\x\"", "\"\\u12g4\"", "\"a\nb\"", "\"a", "tru",
            "1 2",
            "\u{feff}{}", String(repeating: "[", count: 100_000),
        ]
    )
    func `is no JSON`(text: String) {
        #expect(!JSONGrammar.accepts(Array(text.utf8)))
    }

    @Test func `bytes that are no UTF-8 are no JSON`() {
        #expect(!JSONGrammar.accepts([0x22, 0xff, 0x22]))
    }

    /// Made by the reference implementation, the package `standardwebhooks` for Python.
    @Test func `the signature is that of Standard Webhooks`() throws {
        let signature = CallbackSignature(
            secret: try #require(Base64.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        )

        let fields = signature.fields(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            unixSeconds: 1_614_265_330,
            body: Array(#"{"test": 2432232314}"#.utf8)
        )

        #expect(
            fields?.last?.value == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        )
    }

    @Test(arguments: [0, 1, 2, 3, 31, 32, 33, 1000])
    func `base64 is that of others, and comes back`(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }

        #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }

    @Test func `long base64 is made in pieces`() {
        let bytes = [UInt8](repeating: 0xa5, count: 7_000_001)

        #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
    }
}
