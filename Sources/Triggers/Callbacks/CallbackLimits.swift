/// Bounds on posting answers.
package struct CallbackLimits: Sendable {
    /// Posts at once, each of which holds a thread; default 16.
    package var postsMax = 16
    /// Answers that wait for a post to end; default 1,000.
    ///
    /// What comes beyond is to be tried again.
    package var waitingMax = 1_000
    /// From the look-up of the name to the last byte read, in milliseconds; default 10 s.
    package var totalMillis = 10_000
    /// Until there is a connection, TLS included, in milliseconds; default 3 s.
    package var connectMillis = 3_000
    /// Bytes of the receiver's answer, with its head, that are read; default 64 KiB.
    package var answerBytesMax = 64 << 10

    package init() {}
}
