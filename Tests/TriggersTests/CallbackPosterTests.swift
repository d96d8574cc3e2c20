import Foundation
import Functions
import Logging
import NIOPosix
import Storage
import Testing

import Triggers

/// Against a real HTTP server.
@Suite struct CallbackPosterTests {
    private let messages = LoggedMessages()

    private func poster(_ limits: CallbackLimits = CallbackLimits()) -> CallbackPoster {
        CallbackPoster(
            secret: CallbackReceiver.secret,
            source: "",
            threads: .singleton,
            logger: messages.logger,
            limits: limits
        )
    }

    private func post(
        _ callback: StoredCallback,
        limits: CallbackLimits = CallbackLimits()
    ) async -> Bool {
        let poster = poster(limits)
        return await withCheckedContinuation { continuation in
            poster.post(callback) { continuation.resume(returning: $0) }
        }
    }

    @Test func `an answer is posted as it is, with the event's attributes as fields`() async throws
    {
        let receiver = try CallbackReceiver()

        let isDone = await post(.sample(to: "\(receiver.url)/status/200"))

        let received = try #require(try receiver.finish().first)
        #expect(isDone)
        #expect(received.method == "POST")
        #expect(received.fields["content-type"] == "application/json")
        #expect(received.fields["ce-specversion"] == "1.0")
        #expect(received.fields["ce-id"] == received.fields["webhook-id"])
        #expect(received.fields["ce-source"] == "/function/diabetes")
        #expect(received.fields["ce-type"] == "faas.invocation.completed")
        #expect(received.fields["ce-time"] == "2026-01-31T12:00:01.500000Z")
        #expect(received.fields["ce-status"] == "200")
        #expect(String(decoding: received.body, as: UTF8.self) == #"{"risk": 0.25}"#)
        #expect(messages.all.isEmpty)
    }

    @Test func `the structured mode sends one JSON event`() async throws {
        let receiver = try CallbackReceiver()
        let url = "structured+\(receiver.url)/status/202"

        let isDone = await post(.sample(to: url, outcome: .timedOut, status: 504))

        let received = try #require(try receiver.finish().first)
        let object = try JSONSerialization.jsonObject(with: received.body)
        let event = try #require(object as? [String: Any])
        #expect(isDone)
        #expect(
            received.fields["content-type"] == "application/cloudevents+json; charset=utf-8"
        )
        #expect(received.fields["ce-id"] == nil)
        #expect(event["specversion"] as? String == "1.0")
        #expect(event["type"] as? String == "faas.invocation.timedOut")
        #expect(event["status"] as? Int == 504)
        #expect(event["datacontenttype"] as? String == "application/json")
        #expect((event["data"] as? [String: Any])?["risk"] as? Double == 0.25)
    }

    @Test(arguments: ["", "structured+"])
    func `the receiver can verify the signature`(mode: String) async throws {
        let receiver = try CallbackReceiver()
        let before = Int(Date.now.timeIntervalSince1970)

        _ = await post(.sample(to: "\(mode)\(receiver.url)/status/200"))

        let received = try #require(try receiver.finish().first)
        let sentAt = try #require(received.fields["webhook-timestamp"].flatMap { Int($0) })
        #expect(received.isSigned)
        #expect((before...before + 60).contains(sentAt))
    }

    @Test func `an empty answer is posted without a content type`() async throws {
        let receiver = try CallbackReceiver()

        let isDone = await post(
            .sample(to: "\(receiver.url)/status/204", contentType: nil, body: "")
        )

        let received = try #require(try receiver.finish().first)
        #expect(isDone)
        #expect(received.body.isEmpty)
        #expect(received.fields["content-type"] == nil)
        #expect(received.isSigned)
    }

    @Test(arguments: [200, 201, 204, 299, 400, 401, 404, 410, 422])
    func `a post is done with when it was taken, or refused for good`(status: Int) async throws {
        let receiver = try CallbackReceiver()

        let isDone = await post(.sample(to: "\(receiver.url)/status/\(status)"))

        #expect(isDone)
        let warnings = ["warning: a callback was given up: status \(status)"]
        #expect(messages.all == (status < 300 ? [] : warnings))
    }

    @Test(arguments: [408, 425, 429, 500, 502, 503, 504])
    func `a post is tried again after what may pass`(status: Int) async throws {
        let receiver = try CallbackReceiver()

        let isDone = await post(.sample(to: "\(receiver.url)/status/\(status)"))

        #expect(!isDone)
        #expect(messages.all == ["info: a callback did not arrive: status \(status)"])
    }

    @Test func `a redirect is not followed`() async throws {
        let receiver = try CallbackReceiver()

        let isDone = await post(.sample(to: "\(receiver.url)/redirect"))

        #expect(!isDone)
        #expect(try receiver.finish().map(\.path) == ["/redirect"])
    }

    @Test func `a receiver that does not answer in time is tried again`() async throws {
        let receiver = try CallbackReceiver()
        var limits = CallbackLimits()
        limits.totalMillis = 300

        let isDone = await post(.sample(to: "\(receiver.url)/slow"), limits: limits)

        #expect(!isDone)
        #expect(try receiver.finish().count == 1)
    }

    @Test func `nobody listening is worth another try`() async throws {
        let receiver = try CallbackReceiver()
        let url = receiver.url
        _ = try receiver.finish()

        #expect(await !post(.sample(to: url)))
    }

    @Test func `an answer longer than what is read of it counts by its status`() async throws {
        let receiver = try CallbackReceiver()

        #expect(await post(.sample(to: "\(receiver.url)/large")))
    }

    @Test func `a URL that may no longer be posted to is given up`() async {
        let isDone = await post(.sample(to: "http://169.254.169.254/latest"))

        #expect(isDone)
        #expect(messages.all.count == 1 && messages.all[0].hasPrefix("warning: "))
    }

    @Test func `posts beyond the limit wait for one to end`() async throws {
        let receiver = try CallbackReceiver()
        var limits = CallbackLimits()
        limits.postsMax = 2
        let poster = poster(limits)
        let url = "\(receiver.url)/status/200"

        let done = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        poster.post(.sample(to: url)) { continuation.resume(returning: $0) }
                    }
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }

        #expect(done == 20)
        #expect(try receiver.finish().count == 20)
    }

    @Test func `a stop breaks off what runs and gives back what waits`() async throws {
        let receiver = try CallbackReceiver()
        var limits = CallbackLimits()
        limits.postsMax = 1
        limits.totalMillis = 600_000
        let poster = poster(limits)
        let (ends, continuation) = AsyncStream.makeStream(of: Bool.self)
        for _ in 0..<3 {
            poster.post(.sample(to: "\(receiver.url)/slow")) { continuation.yield($0) }
        }

        poster.stop()
        poster.post(.sample(to: "\(receiver.url)/status/200")) { continuation.yield($0) }

        var verdicts: [Bool] = []
        for await isDone in ends {
            verdicts.append(isDone)
            if verdicts.count == 4 { break }
        }
        #expect(verdicts == [false, false, false, false])
    }
}
