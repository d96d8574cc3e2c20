import CLI
import Testing

/// `FAAS_URL` is that of a web server which answers whatever it is asked with a page.
@Suite struct ForeignServerTests {
    private static let id = "018f2c6e-4d3a-7abc-8def-0123456789ab"

    @Test(arguments: [
        "remove hello --yes", "queue remove old", "git remove models --yes",
        "invoke hello", "invoke hello -o json", "invoke hello --async", "result \(id)",
        "result \(id) -o json", "list", "describe hello", "logs hello", "usage", "usage -o csv",
        "why \(id)", "revisions hello", "traffic hello", "rollback hello", "promote hello",
        "diff hello 1 2", "queue list", "queue send patients --data {}", "queue dead patients",
        "queue redrive patients", "queue purge patients --yes", "schedule list", "git list",
        "git init models",
    ])
    func `what no gateway answered did not succeed`(line: String) throws {
        let words = line.split(separator: " ").map(String.init)

        let run = try CommandRun(words: words, url: CannedGateway.shared.get().url + "/site")

        #expect(run.status == 1)
        #expect(run.output.isEmpty, "\(run.output)")
        if line.hasSuffix("-o json") {
            #expect(run.errors.contains(#""code":"answerInvalid""#), "\(run.errors)")
        } else {
            #expect(run.errors.hasPrefix("error: "), "\(run.errors)")
        }
    }

    @Test func `a page in place of an answer is said to be none of a gateway`() throws {
        let url = try CannedGateway.shared.get().url + "/site"

        let run = try CommandRun("remove", "hello", "--yes", url: url)

        #expect(
            run.errors == """
                error: \(url) answered with status 200, but not as a gateway does
                help: check that FAAS_URL is the URL of a gateway\n
                """
        )
    }
}
