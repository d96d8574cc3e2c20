package import GatewayAPI

/// The queues and brokers of this node, as `/metrics` tells of them.
package struct QueueSample: Sendable {
    package var reports: [QueueReport]

    package init(_ reports: [QueueReport]) { self.reports = reports }

    func write(_ text: inout PrometheusText) {
        guard !reports.isEmpty else { return }
        text.begin("faas_queue_messages", .gauge, "Messages of a queue, by what they wait for.")
        for report in reports {
            let states = [
                ("ready", report.ready), ("delayed", report.delayed),
                ("inFlight", report.inFlight), ("dead", report.dead),
            ]
            for (state, count) in states {
                text.sample(
                    ["queue": report.name, "source": report.source, "state": state],
                    Double(count)
                )
            }
        }
        text.begin("faas_queue_oldest_seconds", .gauge, "Age of the message that came first.")
        for report in reports {
            text.sample(
                ["queue": report.name, "source": report.source],
                Double(report.oldestAgeMillis ?? 0) / 1_000
            )
        }
        text.begin(
            "faas_queue_events_total",
            .counter,
            "What happened to a queue's messages since the gateway was started."
        )
        for report in reports {
            let events = [
                ("enqueued", report.enqueued), ("completed", report.completed),
                ("retried", report.retried), ("deadLettered", report.deadLettered),
            ]
            for (event, count) in events {
                text.sample(
                    ["queue": report.name, "source": report.source, "event": event],
                    Double(count)
                )
            }
        }
    }
}
