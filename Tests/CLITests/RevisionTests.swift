import CLI
import Functions
import GatewayAPI
import Testing

@Suite struct RevisionTests {
    @Test func `revisions are a table with their origin`() throws {
        let run = try CommandRun("revisions", "hello")

        #expect(
            run.output == """
                REVISION  TRAFFIC  DEPLOYED  BUNDLE        COMMIT      AUTHOR  BY        SUBJECT
                hello-8        5%  1 h ago   888888888888  0123456789  Anna    anna@box  \
                Greet in two languages
                hello-7       95%  1 h ago   777777777777  -           -       -
                hello-6         -  1 h ago   not kept      -           -       -\n
                """
        )
    }

    @Test func `revisions as JSON are the gateway's`() throws {
        let run = try CommandRun("revisions", "hello", "-o", "json")

        let list = try JSONCoding.decode(RevisionList.self, from: run.output.utf8)
        #expect(list.revisions.map(\.number) == [8, 7, 6])
        #expect(list.revisions[0].share == Share(percent: 5))
    }

    @Test func `traffic is a table, with the rollout and the last fallback`() throws {
        let run = try CommandRun("traffic", "hello")

        #expect(
            run.output == """
                REVISION  TRAFFIC
                hello-8        5%
                hello-7       95%

                rollout   revision 8 has 5%, step 1
                fallback  1 h ago, revision 7 gave way to 6: 21.3% of 94 answers failed \
                (20 failed), over maxErrorRate 1%\n
                """
        )
    }

    @Test func `traffic is divided by percent`() throws {
        let divided = try CommandRun("traffic", "hello", "3=99.5", "4=0.5%")
        let whole = try CommandRun("traffic", "hello", "4=100")

        #expect(divided.output == "hello: traffic goes to hello-4 0.5%, hello-3 99.5%\n")
        #expect(whole.output == "hello: hello-4 takes all of the traffic\n")
    }

    @Test(arguments: [
        (["3=95", "4=4"], "the parts make 99 percent together, not 100"),
        (["3=95", "3=5"], "a revision is named twice"),
        (["3"], "`3` is no part of the traffic"), (["3=95", "x=5"], "`x=5` is no part"),
        (["3=101"], "`3=101` is no part"), (["0=100"], "`0=100` is no part"),
    ])
    func `parts that make no whole never leave the machine`(parts: [String], error: String) throws {
        let run = try CommandRun(words: ["traffic", "hello"] + parts, url: "http://127.0.0.1:1")

        #expect(run.status == 2)
        #expect(run.errors.contains(error), "\(run.errors)")
    }

    @Test func `a revision that is not there is refused with advice`() throws {
        let run = try CommandRun("traffic", "hello", "5=100")

        #expect(run.status == 1)
        #expect(
            run.errors == """
                error: There is no revision 5 of hello.
                help: `faas revisions NAME` lists what can be served\n
                """
        )
    }

    @Test func `rollback and promote take a number or none`() throws {
        let runs = try [
            ["rollback", "hello"], ["rollback", "hello", "3"], ["promote", "hello"],
            ["promote", "hello", "4"],
        ].map { try CommandRun(words: $0).output }

        #expect(runs == [7, 3, 8, 4].map { "hello: hello-\($0) takes all of the traffic\n" })
        #expect(try CommandRun("rollback", "hello", "hello-3").status == 2)
    }

    @Test(arguments: ["/usr/bin:/bin", nil])
    func `a diff is git's, with the revisions as folders`(path: String?) throws {
        let run = try CommandRun(
            "diff",
            "hello",
            "7",
            "8",
            environment: path.map { ["PATH": $0] } ?? [:]
        )

        #expect(run.status == 0)
        for line in [
            "diff --git hello-7/handler.py hello-8/handler.py", "-one", "+two",
            "--- hello-7/old.txt", "+++ hello-8/new.txt",
        ] {
            #expect(run.output.contains("\(line)\n"), "\(line)\n\(run.output)")
        }
    }

    @Test func `without git it is diff's`() throws {
        let folder = try Folder()
        try folder.link("/usr/bin/diff", as: "diff")

        let run = try CommandRun("diff", "hello", "7", "8", environment: ["PATH": folder.path])

        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("--- hello-7/handler.py"))
        #expect(run.output.contains("\n+two\n"))
    }

    @Test func `a diff as JSON names the files`() throws {
        let run = try CommandRun("diff", "hello", "7", "8", "-o", "json")

        struct Report: Decodable {
            struct File: Decodable {
                var path: String
                var change: String
            }

            var files: [File]
        }
        let report = try JSONCoding.decode(Report.self, from: run.output.utf8)
        #expect(report.files.map(\.path) == ["handler.py", "new.txt", "old.txt"])
        #expect(report.files.map(\.change) == ["changed", "added", "removed"])
    }

    @Test func `revisions with the same files are said to be the same`() throws {
        let run = try CommandRun("diff", "hello", "7", "9")

        #expect(run.status == 0)
        #expect(run.output.isEmpty)
        #expect(run.errors == "hello-7 and hello-9 are the same\n")
    }

    @Test func `a bundle that is not kept is refused`() throws {
        let run = try CommandRun("diff", "hello", "7", "5")

        #expect(run.status == 1)
        #expect(run.errors.hasPrefix("error: There is no revision 5 of hello.\n"))
    }

    @Test(arguments: ["revisions", "rollback", "promote", "traffic", "diff"])
    func `each command's help has examples`(command: String) throws {
        let run = try CommandRun(command, "--help")

        #expect(run.status == 0)
        #expect(run.output.contains("EXAMPLES:\n  faas \(command) hello"))
    }
}
