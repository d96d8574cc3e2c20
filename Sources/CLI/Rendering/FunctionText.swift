import Functions
package import GatewayAPI

/// Functions as tables and lists of fields.
package enum FunctionText {
    package static func table(_ functions: [FunctionSummary], now: Int64, paint: Paint) -> String {
        guard !functions.isEmpty else {
            return "Nothing is deployed. `faas new NAME` makes a function to start from.\n"
        }
        let columns = [
            Table.Column("NAME"), .init("REVISION"), .init("STATE"), .init("INSTANCES", .right),
            .init("WAITING", .right), .init("ZYGOTE"), .init("DEPLOYED"), .init("COMMIT"),
            .init("URL"),
        ]
        let rows = functions.map { function in
            [
                function.name, function.revision, function.state.rawValue,
                String(function.pool.instances), String(function.pool.waiting),
                function.pool.zygote.rawValue,
                Units.age(ofMicros: function.deployedAtMicros, now: now),
                OriginText.commit(function.origin), function.url,
            ]
        }
        return Table(columns, rows: rows).text(paint: paint) + fallbacks(functions, paint)
    }

    /// A line for each function whose bundle that was deployed last was taken off the traffic.
    private static func fallbacks(_ functions: [FunctionSummary], _ paint: Paint) -> String {
        let lines = functions.compactMap { function in
            function.fallback.flatMap { fallback in
                fallback.digest == function.digest
                    ? "\(paint.yellow("note:")) \(function.name): "
                        + "\(TrafficText.text(fallback, paint))\n"
                    : nil
            }
        }
        return lines.isEmpty ? "" : "\n" + lines.joined()
    }

    package static func description(
        _ function: FunctionDescription,
        now: Int64,
        paint: Paint
    ) -> String {
        let sections = [
            identity(function, now, paint), serving(function, now, paint),
            limits(function, paint), memory(function),
            function.runtime.map { runtime($0, paint) } ?? [],
        ]
        let fields = sections.filter { !$0.isEmpty }.map { FieldList.text($0, paint: paint) }
        return fields.joined(separator: "\n") + schemas(function, paint)
    }

    private static func identity(
        _ function: FunctionDescription,
        _ now: Int64,
        _ paint: Paint
    ) -> [(String, String)] {
        let age = Units.age(ofMicros: function.deployedAtMicros, now: now)
        let at = Timestamp(micros: function.deployedAtMicros / 1_000_000 * 1_000_000)
        return [
            ("name", paint.bold(function.name)),
            ("revision", function.revision),
            ("digest", function.digest),
            ("account", function.account),
            ("deployed", "\(at), \(age)"),
        ] + OriginText.fields(function.origin, paint: paint) + [
            ("state", function.state == .failed ? paint.red("failed") : function.state.rawValue),
            ("url", function.url),
        ]
    }

    private static func serving(
        _ function: FunctionDescription,
        _ now: Int64,
        _ paint: Paint
    ) -> [(String, String)] {
        let shares = function.traffic.parts.map { "\(function.name)-\($0.number) \($0.share)" }
        var fields = [("traffic", shares.joined(separator: ", "))]
        fields += TrafficText.fields(
            function.traffic,
            policy: function.rollout,
            now: now,
            paint: paint
        )
        if function.probe != nil || function.failure != nil {
            fields.append(("probe", probe(function, paint)))
        }
        if let model = function.model {
            fields.append(("model", paint.harmless("\(model.source) at \(model.path)")))
            fields.append(("model sha256", model.sha256))
        }
        return fields
    }

    private static func probe(_ function: FunctionDescription, _ paint: Paint) -> String {
        if let failure = function.failure { return paint.red("fails: \(paint.harmless(failure))") }
        let every = function.probe.map { Units.duration(millis: Int64($0.everyMillis)) }
        return "every \(every ?? "so often"), does not fail"
    }

    private static func limits(
        _ function: FunctionDescription,
        _ paint: Paint
    ) -> [(String, String)] {
        let limits = function.limits
        let gpu = limits.gpuMemoryMiB
        return [
            ("memory", Units.size(mebibytes: limits.memoryMiB)),
            ("cpu", cores(limits.cpuMillis)),
            ("gpu memory", gpu == 0 ? "none" : Units.size(mebibytes: gpu)),
            ("processes", String(limits.processes)),
            ("payload", Units.size(bytes: Int64(limits.payloadBytes))),
            ("timeout", text(function.timeout)),
            ("scale", text(function.scale)),
            ("network", function.network.rawValue),
            ("isolation", function.isolation.rawValue),
            ("triggers", paint.harmless((["http"] + function.triggers).joined(separator: ", "))),
        ]
    }

    private static func text(_ timeout: Manifest.Timeout) -> String {
        let total = Units.duration(millis: Int64(timeout.totalMillis))
        let firstByte = Units.duration(millis: Int64(timeout.firstByteMillis))
        let idle = Units.duration(millis: Int64(timeout.idleMillis))
        return "\(total) in all, first byte \(firstByte), idle \(idle)"
    }

    private static func text(_ scale: Manifest.Scale) -> String {
        let keepAlive = Units.duration(millis: Int64(scale.keepAliveMillis))
        return "\(scale.min) to \(scale.max) instances, concurrency \(scale.concurrency), "
            + "kept \(keepAlive), queue \(scale.queue)"
    }

    private static func memory(_ function: FunctionDescription) -> [(String, String)] {
        let pool = function.pool
        return [
            (
                "instances",
                "\(pool.busy) busy, \(pool.idle) idle, \(pool.starting) starting, "
                    + "\(pool.parked) parked"
            ),
            ("waiting", String(pool.waiting)),
            ("zygote", pool.zygote.rawValue),
        ]
    }

    private static func runtime(_ runtime: RuntimeFacts, _ paint: Paint) -> [(String, String)] {
        let reason = runtime.forkableReason.map { ": \(paint.harmless($0))" } ?? ""
        let threads = paint.harmless(runtime.threads.joined(separator: ", "))
        return [
            ("handler", runtime.handlerKind.rawValue),
            ("forked", runtime.forkable ? "yes" : "no\(reason)"),
            ("threads", threads.isEmpty ? "none" : threads),
            ("importing", Units.duration(micros: runtime.importMicros)),
            ("loading", Units.duration(micros: runtime.loadMicros)),
            ("zygote memory", Units.size(bytes: runtime.zygoteMemoryBytes)),
        ]
    }

    private static func schemas(_ function: FunctionDescription, _ paint: Paint) -> String {
        let schema = function.runtime?.schema
        return [("input", schema?.input), ("output", schema?.output)].compactMap { name, value in
            guard let value, let bytes = try? JSONCoding.encode(value, indented: true) else {
                return nil
            }
            let text = paint.harmless(String(decoding: bytes, as: UTF8.self), keepingBreaks: true)
            return "\n\(paint.dim("\(name) schema"))\n\(text)\n"
        }.joined()
    }

    /// `1 core`, `0.5 cores`.
    private static func cores(_ millis: Int) -> String {
        let whole = millis / 1000
        guard millis % 1000 != 0 else { return whole == 1 ? "1 core" : "\(whole) cores" }
        var digits = String(1000 + millis % 1000).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits) cores"
    }
}
