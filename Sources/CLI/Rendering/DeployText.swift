import Functions
package import GatewayAPI

/// What a deploy leaves on the screen.
package enum DeployText {
    package static func result(_ event: DeployEvent, sample: String?, paint: Paint) -> String {
        guard let function = event.function else { return "\(paint.harmless(event.message))\n" }
        let name = paint.bold(function.name)
        let fallback = function.traffic.fallback.map {
            "\(paint.yellow("note:")) \(TrafficText.text($0, paint))\n"
        }
        if event.unchanged == true {
            return "\(name) unchanged: \(function.revision) serves this bundle already\n"
                + (fallback ?? "")
        }
        let took = Units.duration(millis: event.elapsedMillis)
        var lines = [serving(function, took, paint)]
        if let runtime = function.runtime, !runtime.forkable {
            let reason = paint.harmless(runtime.forkableReason ?? "its zygote cannot be forked")
            lines.append("\(paint.yellow("note:")) each instance loads by itself: \(reason)")
        }
        let file = sample.map { " --file \($0)" } ?? ""
        lines.append("try it:  faas invoke \(function.name)\(file)")
        lines.append("or:      POST \(function.url)")
        return lines.map { "\($0)\n" }.joined()
    }

    private static func serving(
        _ function: FunctionDescription,
        _ took: String,
        _ paint: Paint
    ) -> String {
        let name = paint.bold(function.name)
        guard let rollout = function.traffic.rollout,
            let part = function.traffic.parts.first(where: { $0.number == rollout.candidate })
        else { return "\(name) serves as \(function.revision), deployed in \(took)" }
        let steps = function.rollout.map { " of \($0.shares.count)" } ?? ""
        return "\(name) is rolled out as \(function.name)-\(rollout.candidate), deployed in "
            + "\(took): \(part.share) of the traffic, step \(rollout.step + 1)\(steps); "
            + "`faas describe \(function.name)` shows how it goes"
    }
}
