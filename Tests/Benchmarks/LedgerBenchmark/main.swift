import Glibc

/// Compares ways to batch the ledger's commits: `LedgerBenchmark [FOLDER] [SECONDS-PER-RUN]`.
///
/// `LedgerBenchmark --until-killed FILE` is half of a test.
let arguments = CommandLine.arguments
if arguments.count == 3, arguments[1] == "--until-killed" {
    try UntilKilled(path: arguments[2]).run()
}
let folder = arguments.count > 1 ? arguments[1] : "/tmp/ledger-benchmark"
try Comparison(
    folder: folder,
    seconds: arguments.count > 2 ? Double(arguments[2]) ?? 1 : 1
).run()
try await Sizes(folder: folder).run()
