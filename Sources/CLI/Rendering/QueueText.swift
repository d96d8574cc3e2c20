package import Functions
package import GatewayAPI

/// Queues for people.
package enum QueueText {
    package static func table(_ queues: [QueueReport], paint: Paint) -> String {
        guard !queues.isEmpty else {
            return "There is no queue. A queue stands in function.yaml, under triggers.\n"
        }
        let columns = [
            Table.Column("NAME"), .init("FUNCTION"), .init("READY", .right),
            .init("DELAYED", .right), .init("IN FLIGHT", .right), .init("DEAD", .right),
            .init("OLDEST", .right), .init("RATE", .right), .init("SOURCE"),
        ]
        let errors = queues.compactMap { queue in
            queue.lastError.map { "\(paint.red("\(queue.name):")) \(paint.harmless($0))\n" }
        }
        return Table(columns, rows: queues.map(cells)).text(paint: paint)
            + (errors.isEmpty ? "" : "\n" + errors.joined())
    }

    private static func cells(_ queue: QueueReport) -> [String] {
        [
            queue.name, queue.function ?? "-", Units.count(Int64(queue.ready)),
            Units.count(Int64(queue.delayed)), Units.count(Int64(queue.inFlight)),
            Units.count(Int64(queue.dead)),
            queue.oldestAgeMillis.map { Units.duration(millis: $0) } ?? "-",
            Units.rate(perSecond: queue.perSecond), queue.source,
        ]
    }

    package static func redriven(_ change: QueueChange, of name: QueueName) -> String {
        guard change.moved > 0 else { return "\(name) has no dead letters\n" }
        return "\(Units.count(change.moved, "dead letter")) of \(name) put back\n"
    }

    package static func purged(_ change: QueueChange, of name: QueueName, dead: Bool) -> String {
        "\(Units.count(change.removed, dead ? "dead letter" : "message")) of \(name) deleted\n"
    }

    /// `Delete the 3 dead letters of patients?`.
    package static func purgeQuestion(_ report: QueueReport, dead: Bool) -> String {
        let count = dead ? report.dead : report.ready + report.delayed
        let what = Units.count(count, dead ? "dead letter" : "waiting message")
        return "Delete \(what) of \(report.name)?"
    }
}
