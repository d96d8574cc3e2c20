package import GatewayAPI

/// What a deploy leaves on the screen.
package enum DeployText {
    package static func result(_ event: DeployEvent, sample: String?, paint: Paint) -> String {
        guard let function = event.function else { return "\(event.message)\n" }
        let name = paint.bold(function.name)
        if event.unchanged == true {
            return "\(name) unchanged: \(function.revision) serves this bundle already\n"
        }
        let took = Units.duration(millis: event.elapsedMillis)
        var lines = ["\(name) serves as \(function.revision), deployed in \(took)"]
        if let runtime = function.runtime, !runtime.forkable {
            let reason = runtime.forkableReason ?? "its zygote cannot be forked"
            lines.append("\(paint.yellow("note:")) each instance loads by itself: \(reason)")
        }
        let file = sample.map { " --file \($0)" } ?? ""
        lines.append("try it:  faas invoke \(function.name)\(file)")
        lines.append("or:      POST \(function.url)")
        return lines.map { "\($0)\n" }.joined()
    }
}
