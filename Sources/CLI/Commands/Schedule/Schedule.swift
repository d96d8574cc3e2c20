import ArgumentParser

struct Schedule: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "See the schedules that invoke functions.",
        discussion: """
            A schedule is there once a function's manifest has it under triggers.

            EXAMPLES:
              faas schedule list
            """,
        subcommands: [ScheduleList.self]
    )
}
