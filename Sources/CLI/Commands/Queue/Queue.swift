import ArgumentParser

struct Queue: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send messages to queues, and see what waits and what died.",
        discussion: """
            A queue is there once a function's manifest names it under triggers. Each message \
            becomes an invocation of that function; one that fails again and again becomes a \
            dead letter, with the reason.

            EXAMPLES:
              faas queue list
              faas queue send patients patient.json
              faas queue send patients --lines patients.ndjson
              faas queue dead patients
              faas queue redrive patients
            """,
        subcommands: [
            QueueList.self, QueueSend.self, QueueDead.self, QueueRedrive.self, QueuePurge.self,
            QueueRemove.self,
        ]
    )
}
