import CLI
import Foundation
import GatewayAPI
import Testing

@Suite struct QueueTests {
    private let id = "018f2c6e-4d3a-7abc-8def-0123456789ab"

    @Test func `the list is a table, and errors stand under it`() throws {
        let run = try CommandRun("queue", "list")

        #expect(
            run.output == """
                NAME      FUNCTION  READY  DELAYED  IN FLIGHT  DEAD     OLDEST    RATE  SOURCE
                events    diabetes  1,234        0          2     3  1 min 1 s     0/s  \
                nats://127.0.0.1:4222
                patients  diabetes  1,234        0          2     3  1 min 1 s  12.5/s  embedded

                events: nats: connection refused\n
                """
        )
    }

    @Test func `the list as JSON is the gateway's`() throws {
        let run = try CommandRun("queue", "ls", "-o", "json")

        let list = try JSONCoding.decode(QueueList.self, from: run.output.utf8)

        #expect(list.queues.map(\.depth) == [1236, 1236])
    }

    @Test func `a file is one message with the content type of its name`() throws {
        let folder = try Folder()
        let path = folder.write(String(repeating: "x", count: 3000), to: "scan.png")

        let run = try CommandRun("queue", "send", "echo", path, "--group", "g7")

        #expect(run.output == "image/png 3000 g7\n")
        #expect(run.status == 0)
    }

    @Test func `the standard input is one message too`() throws {
        let folder = try Folder()
        let descriptor = open(folder.write("{}", to: "input"), O_RDONLY)
        defer { close(descriptor) }

        let run = try CommandRun(
            "queue",
            "send",
            "echo",
            "-",
            "--delay",
            "600s",
            input: descriptor
        )

        #expect(run.output == "application/json 2 10m\n")
    }

    @Test func `a message that was there already is said to be`() throws {
        let run = try CommandRun("queue", "send", "patients", "--data", "{}", "--id", "seen")

        #expect(run.output == "\(id)\n")
        #expect(run.errors == "it was there already, and is not enqueued again\n")
    }

    @Test func `a receipt as JSON is the gateway's`() throws {
        let run = try CommandRun("queue", "send", "patients", "--data", "1", "-o", "json")

        let receipt = try JSONCoding.decode(SendReceipt.self, from: run.output.utf8)

        #expect(receipt == SendReceipt(ids: [id], duplicates: 0))
    }

    @Test func `a queue that is not there is said with what makes one`() throws {
        let run = try CommandRun("queue", "send", "nobody", "--data", "1")

        #expect(run.status == 1)
        #expect(
            run.errors == """
                error: There is no queue `nobody`.
                help: `faas queue list` shows the queues; one is made when a manifest that names \
                it deploys\n
                """
        )
    }

    @Test func `dead letters have their reason on one line`() throws {
        let run = try CommandRun("queue", "dead", "patients", "--limit", "1")

        #expect(run.output.contains("\(id)  5 min ago         5  2 KiB  "))
        #expect(run.output.contains("long lo...  handlerRaised: ValueError: no second line\n"))
        #expect(run.output.hasSuffix("\nThere are more: --limit says how many to list.\n"))
        #expect(try CommandRun("queue", "dead", "empty").output == "empty has no dead letters\n")
    }

    @Test func `redriving says how many`() throws {
        let run = try CommandRun("queue", "redrive", "patients")

        #expect(run.output == "3 dead letters of patients put back\n")
    }

    @Test func `purging asks, and where nobody can be asked wants a yes`() throws {
        let refused = try CommandRun("queue", "purge", "patients", "--dead")
        let done = try CommandRun("queue", "purge", "patients", "--yes")
        let dead = try CommandRun("queue", "purge", "patients", "--dead", "-y")

        #expect(refused.status == 2)
        #expect(
            refused.errors == """
                error: nobody can be asked: Delete 3 dead letters of patients?
                help: say so beforehand: faas queue purge patients --dead --yes\n
                """
        )
        #expect(done.output == "1,234 messages of patients deleted\n")
        #expect(dead.output == "1 dead letter of patients deleted\n")
    }

    @Test func `a queue in use is not removed`() throws {
        let refused = try CommandRun("queue", "remove", "patients")

        #expect(refused.status == 1)
        #expect(refused.errors.contains("help: drain or purge it, and deploy"))
        #expect(try CommandRun("queue", "rm", "old").output == "old removed\n")
    }

    @Test(arguments: [
        ["send", "q"], ["send", "q", "file", "--data", "1"], ["send", "Q", "--data", "1"],
        ["send", "q", "--data", "1", "--skip", "1"], ["send", "q", "--data", "1", "--delay", "1"],
        ["send", "q", "--data", "1", "--delay", "1s", "--group", "g"],
        ["send", "q", "--lines", "-", "--content-type", "text/plain"],
        ["send", "q", "--data", "1", "--id", "a\nb"], ["send", "q", "--lines", "-", "--skip=-1"],
        ["dead", "q", "--limit", "0"], ["purge"], ["dead", "-q-"],
    ])
    func `what makes no sense is wrong usage`(arguments: [String]) throws {
        let run = try CommandRun(words: ["queue"] + arguments)

        #expect(run.status == 2, "\(run.errors)")
        #expect(run.errors.contains("\nhelp: "))
    }

    @Test func `schedules have a line for each of their next times`() throws {
        let run = try CommandRun("schedule", "list")

        #expect(
            run.output == """
                NAME        FUNCTION  CRON         ZONE              MISSED  LAST       \
                NEXT                       IN
                every-five  hello     */5 * * * *  Europe/Stockholm  once    5 min ago  \
                2026-01-31T14:05:00+01:00  5 min
                                                                                        \
                2026-01-31T14:10:00+01:00  10 min\n
                """
        )
    }

    @Test func `schedules as JSON are the gateway's`() throws {
        let run = try CommandRun("schedule", "list", "-o", "json")

        let list = try JSONCoding.decode(ScheduleList.self, from: run.output.utf8)

        #expect(list.schedules.map(\.next.count) == [2])
    }
}
