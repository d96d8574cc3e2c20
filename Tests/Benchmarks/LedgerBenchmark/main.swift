import Glibc

/// Compares ways to batch the ledger's commits: `LedgerBenchmark [FOLDER] [SECONDS-PER-RUN]`.
///
/// `LedgerBenchmark --until-killed FILE` is half of a test.
let arguments = CommandLine.arguments
if arguments.count == 3, arguments[1] == "--until-killed" {
    try UntilKilled(path: arguments[2]).run()
}
try Comparison(
    folder: arguments.count > 1 ? arguments[1] : "/tmp/ledger-benchmark",
    seconds: arguments.count > 2 ? Double(arguments[2]) ?? 1 : 1
).run()
