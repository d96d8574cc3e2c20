import Functions

extension ManifestReader {
    static func limits(_ top: ManifestSection) -> Manifest.Limits {
        var limits = Manifest.Limits()
        let keys = ["memory", "cpu", "gpu", "processes", "payload"]
        guard let section = top.section("limits", keys: keys) else { return limits }
        let memory = section["memory"]?.quantity(.memory, ManifestLimits.memoryMiB)
        limits.memoryMiB = memory ?? limits.memoryMiB
        let cpu = section["cpu"]?.quantity(.cpu, ManifestLimits.cpuMillis)
        limits.cpuMillis = cpu ?? limits.cpuMillis
        let gpu = section.section("gpu", keys: ["memory"])
        let gpuMemory = gpu?["memory"]?.quantity(.memory, ManifestLimits.gpuMemoryMiB)
        limits.gpuMemoryMiB = gpuMemory ?? limits.gpuMemoryMiB
        let processes = section["processes"]?.integer(ManifestLimits.processes)
        limits.processes = processes ?? limits.processes
        let payload = section["payload"]?.quantity(.size, ManifestLimits.payloadBytes)
        limits.payloadBytes = payload ?? limits.payloadBytes
        section.refuse(
            "limits.payload is \(Measure.size.text(of: limits.payloadBytes)), more than the "
                + "memory of \(Measure.memory.text(of: limits.memoryMiB)) that must hold it",
            keys: "payload",
            "memory",
            unless: limits.payloadBytes >> 20 <= limits.memoryMiB
        )
        if let gpu, gpu["memory"] == nil {
            top.faults.add(
                "limits.gpu needs 'memory'",
                at: gpu.mark,
                allowed: Measure.memory.allowed
            )
        }
        return limits
    }

    static func timeout(_ top: ManifestSection) -> Manifest.Timeout {
        var timeout = Manifest.Timeout()
        let section = top.section("timeout", keys: ["total", "firstByte", "idle"])
        let range = ManifestLimits.totalMillis
        let total = section?["total"]?.quantity(.duration, range) ?? timeout.totalMillis
        timeout.totalMillis = total
        timeout.firstByteMillis = section?["firstByte"]?.quantity(.duration, range) ?? total
        let idle = section?["idle"]?.quantity(.duration, range)
        timeout.idleMillis = idle ?? min(timeout.idleMillis, total)
        let text = Measure.duration.text(of: total)
        section?.refuse(
            "timeout.firstByte is longer than timeout.total, which is \(text)",
            keys: "firstByte",
            "total",
            unless: timeout.firstByteMillis <= total
        )
        section?.refuse(
            "timeout.idle is longer than timeout.total, which is \(text)",
            keys: "idle",
            "total",
            unless: timeout.idleMillis <= total
        )
        return timeout
    }

    static func scale(_ top: ManifestSection) -> Manifest.Scale {
        var scale = Manifest.Scale()
        let keys = ["min", "max", "concurrency", "keepAlive", "queue"]
        guard let section = top.section("scale", keys: keys) else { return scale }
        scale.min = section["min"]?.integer(ManifestLimits.instancesMin) ?? scale.min
        scale.max = section["max"]?.integer(ManifestLimits.instancesMax) ?? scale.max
        let concurrency = section["concurrency"]?.integer(ManifestLimits.concurrency)
        scale.concurrency = concurrency ?? scale.concurrency
        let range = ManifestLimits.keepAliveMillis
        let keepAlive = section["keepAlive"]?.quantity(.duration, range)
        scale.keepAliveMillis = keepAlive ?? scale.keepAliveMillis
        scale.queue = section["queue"]?.integer(ManifestLimits.queue) ?? scale.queue
        section.refuse(
            "scale.min is \(scale.min), more than scale.max, which is \(scale.max)",
            keys: "min",
            "max",
            unless: scale.min <= scale.max
        )
        return scale
    }

    static func batch(_ top: ManifestSection, timeout: Manifest.Timeout) -> Manifest.Batch? {
        guard let section = top.section("batch", keys: ["size", "wait"]) else { return nil }
        var batch = Manifest.Batch()
        batch.size = section["size"]?.integer(ManifestLimits.batchSize) ?? batch.size
        let range = ManifestLimits.batchWaitMillis
        batch.waitMillis = section["wait"]?.quantity(.duration, range) ?? batch.waitMillis
        let isTimeoutSound = !["timeout.total", "timeout.firstByte"].contains {
            top.faults.concern($0)
        }
        section.refuse(
            "batch.wait is not shorter than timeout.firstByte, which is "
                + Measure.duration.text(of: timeout.firstByteMillis),
            keys: "wait",
            unless: batch.waitMillis < timeout.firstByteMillis || !isTimeoutSound
        )
        return batch
    }

    static func env(_ top: ManifestSection) -> [String: String] {
        guard let value = top["env"], let entries = ManifestSection.entries(of: value) else {
            return [:]
        }
        guard entries.count <= ManifestLimits.envCountMax else {
            value.fault(
                "has \(entries.count) variables",
                allowed: "at most \(ManifestLimits.envCountMax)"
            )
            return [:]
        }
        var env: [String: String] = [:]
        for (key, value) in entries {
            guard isVariableName(key) else {
                value.faults.add(
                    "'\(key.prefix(80))' is not a variable's name",
                    at: value.keyMark,
                    path: value.path,
                    allowed: "1 to \(ManifestLimits.nameBytesMax) of A-Z, a-z, 0-9 and _, "
                        + "and no digit first"
                )
                continue
            }
            guard let text = value.text(allowed: "text") else { continue }
            guard text.utf8.count <= ManifestLimits.envValueBytesMax, !text.utf8.contains(0) else {
                value.fault(
                    "is too long or has a NUL in it",
                    allowed: "up to \(ManifestLimits.envValueBytesMax) bytes"
                )
                continue
            }
            env[key] = text
        }
        return env
    }

    static func secrets(_ top: ManifestSection) -> [String] {
        let list = top["secrets"]?.list(countMax: ManifestLimits.secretCountMax, of: "names")
        var names: [String] = []
        for value in list ?? [] {
            let allowed = "1 to \(ManifestLimits.nameBytesMax) of A-Z, a-z, 0-9, '_', '-' and '.'"
            guard let name = value.text(allowed: allowed) else { continue }
            if !isSecretName(name) {
                value.fault("is '\(name.prefix(80))'", allowed: allowed)
            } else if names.contains(name) {
                value.fault("is '\(name)' a second time")
            } else {
                names.append(name)
            }
        }
        return names
    }

    private static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= ManifestLimits.nameBytesMax else {
            return false
        }
        return !isDigit(first)
            && name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    private static func isSecretName(_ name: String) -> Bool {
        (1...ManifestLimits.nameBytesMax).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { isLetter($0) || isDigit($0) || "_-.".utf8.contains($0) }
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
