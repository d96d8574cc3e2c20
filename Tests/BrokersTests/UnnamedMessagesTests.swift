import Brokers
import Testing

struct UnnamedMessagesTests {
    private let content = 7
    private var messages = UnnamedMessages()

    @Test mutating func `a first delivery has a new identity, whatever is expected`() {
        messages.expect("old", content: content, atMillis: 0)

        #expect(identity(isRedelivered: false, fresh: "new") == "new")
    }

    @Test mutating func `a redelivery has the identity that was expected, once`() {
        messages.expect("old", content: content, atMillis: 0)

        #expect(identity(isRedelivered: true, fresh: "new") == "old")
        #expect(identity(isRedelivered: true, fresh: "newer") == "newer")
    }

    @Test mutating func `a redelivery with other content has a new identity`() {
        messages.expect("old", content: content + 1, atMillis: 0)

        #expect(identity(isRedelivered: true, fresh: "new") == "new")
    }

    @Test mutating func `what was expected long ago is expected no more`() {
        messages.expect("old", content: content, atMillis: 0)

        let later = UnnamedMessages.waitMillisMax
        #expect(identity(isRedelivered: true, atMillis: later, fresh: "new") == "new")
    }

    @Test mutating func `no more is kept than the limit, and old ones make room`() {
        for index in 0...UnnamedMessages.countMax {
            messages.expect("\(index)", content: index, atMillis: 0)
        }
        let last = UnnamedMessages.countMax
        #expect(identity(of: last, isRedelivered: true, fresh: "new") == "new")

        let later = UnnamedMessages.waitMillisMax
        messages.expect("late", content: last, atMillis: later)
        #expect(identity(of: last, isRedelivered: true, atMillis: later, fresh: "") == "late")
    }

    private mutating func identity(
        of content: Int? = nil,
        isRedelivered: Bool,
        atMillis now: Int64 = 1,
        fresh: String
    ) -> String {
        messages.identity(
            content: content ?? self.content,
            isRedelivered: isRedelivered,
            atMillis: now,
            fresh: fresh
        )
    }
}
