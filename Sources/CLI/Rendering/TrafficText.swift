import Functions
package import GatewayAPI

/// How a function's traffic is divided, for people.
package enum TrafficText {
    package static func table(_ report: TrafficReport, now: Int64, paint: Paint) -> String {
        let rows = report.traffic.parts.map {
            ["\(report.name)-\($0.number)", $0.share.description]
        }
        let table = Table([.init("REVISION"), .init("TRAFFIC", .right)], rows: rows)
        let fields = fields(report.traffic, policy: nil, now: now, paint: paint)
        return table.text(paint: paint)
            + (fields.isEmpty ? "" : "\n" + FieldList.text(fields, paint: paint))
    }

    /// What a change of it leaves on the screen.
    package static func changed(_ report: TrafficReport, paint: Paint) -> String {
        "\(paint.bold(report.name)): \(parts(report.traffic, of: report.name))\n"
    }

    /// `hello-4 takes all of the traffic`, `hello-4 takes 5%, hello-3 95%`.
    static func parts(_ traffic: Functions.Traffic, of name: String) -> String {
        if traffic.parts.count == 1 {
            return "\(name)-\(traffic.parts[0].number) takes all of the traffic"
        }
        let texts = traffic.parts.map { "\(name)-\($0.number) \($0.share)" }
        return "traffic goes to " + texts.joined(separator: ", ")
    }

    /// The rollout that is under way, and the last fallback; nothing when there are none.
    static func fields(
        _ traffic: Functions.Traffic,
        policy: Manifest.Rollout?,
        now: Int64,
        paint: Paint
    ) -> [(String, String)] {
        var fields: [(String, String)] = []
        if let text = rollout(traffic, policy: policy, now: now) {
            fields.append(("rollout", text))
        }
        if let fallback = traffic.fallback {
            let age = Units.age(ofMicros: fallback.atMicros, now: now)
            fields.append(("fallback", "\(age), \(paint.yellow(text(fallback, paint)))"))
        }
        return fields
    }

    /// `revision 4 has 5%, step 1 of 3, goes on in 1 min 40 s`; nil when there is none.
    static func rollout(
        _ traffic: Functions.Traffic,
        policy: Manifest.Rollout?,
        now: Int64
    ) -> String? {
        guard let rollout = traffic.rollout else { return nil }
        let share = traffic.parts.first { $0.number == rollout.candidate }?.share ?? .none
        let head = "revision \(rollout.candidate) has \(share), step \(rollout.step + 1)"
        guard let policy else { return head }
        let end = rollout.beganAtMicros + Int64(policy.everyMillis) * 1000
        let next = rollout.step + 1 < policy.shares.count ? "goes on" : "is complete"
        return "\(head) of \(policy.shares.count), "
            + (end > now
                ? "\(next) \(Units.due(atMicros: end, now: now))"
                : "\(next) once its answers are enough to judge by")
    }

    /// `revision 4 gave way to 3: REASON`.
    static func text(_ fallback: Functions.Traffic.Fallback, _ paint: Paint) -> String {
        "revision \(fallback.from) gave way to \(fallback.to): \(paint.harmless(fallback.reason))"
    }
}
