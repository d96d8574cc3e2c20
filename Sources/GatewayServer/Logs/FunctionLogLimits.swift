/// The limits of what is kept of functions' output.
package struct FunctionLogLimits: Sendable, Hashable {
    /// A file is put aside when it would grow beyond this, in bytes; a function has two files at
    /// most; default 8 MiB.
    package var fileBytesMax = 8 << 20
    /// Longer lines are cut, in bytes; default 16 KiB.
    package var lineBytesMax = 16 << 10
    /// Text of all functions that may wait for the writer, in bytes; default 8 MiB.
    package var queueBytesMax = 8 << 20
    /// Texts of all functions that may wait for the writer; default 65,536.
    package var queueTextsMax = 65_536
    /// A function's share of `queueBytesMax`, so that one that floods loses its own lines and
    /// nobody else's; default 1 MiB.
    package var functionBytesMax = 1 << 20
    /// Lines of one function written at once, however short they are; default 10,000.
    package var functionLinesMax = 10_000
    /// How long the writer lets lines gather after the first one, in milliseconds, so that it is
    /// not woken for each; default 10.
    package var lingerMillis = 10
    /// Lines that wait for one follower; the oldest give way; default 1,000.
    package var followerLinesMax = 1_000
    /// Followers of all functions; further ones are told so and let go; default 64.
    package var followersMax = 64
    /// How long a reader waits for the writer, and `close` for what is queued, in milliseconds;
    /// default 5,000.
    package var writerMillisMax = 5_000

    package init() {}
}
