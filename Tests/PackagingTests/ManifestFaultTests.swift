import Functions
import Packaging
import TestSupport
import Testing

/// One way to get a manifest wrong, with where and how it is told.
struct FaultCase: CustomTestStringConvertible, Sendable {
    let text: String
    let line: Int
    let column: Int
    let problem: String
    var nearest: String?

    init(
        _ text: String,
        at line: Int,
        _ column: Int,
        _ problem: String,
        nearest: String? = nil
    ) {
        self.text = text
        self.line = line
        self.column = column
        self.problem = problem
        self.nearest = nearest
    }

    var testDescription: String { "\(text.prefix(60).debugDescription): \(problem)" }
}

@Suite struct ManifestFaultTests {
    static let shape = [
        FaultCase("", at: 1, 1, "the file is empty"),
        FaultCase("# only a comment\n", at: 1, 1, "the file is empty"),
        FaultCase("just text", at: 1, 1, "the file is a single value, not a map"),
        FaultCase("- name: a", at: 1, 1, "the file is a list, not a map"),
        FaultCase("runtime: python3", at: 1, 1, "the key 'name' is missing"),
        FaultCase("name: a\n\tscale: {}", at: 2, 1, "not YAML"),
        FaultCase("name: [a", at: 1, 7, "not YAML"),
        FaultCase("name: a\n---\nname: b", at: 2, 1, "not YAML"),
        FaultCase("name: a\nname: b", at: 2, 1, "the key 'name' is given twice"),
        FaultCase("name: a\n'env': {}\n\"env\": {}", at: 3, 1, "the key 'env' is given twice"),
        FaultCase("name: a\nenv: { A: 1, A: 2 }", at: 2, 14, "the key 'A' is given twice"),
        FaultCase("name: a\n? [x]\n: y", at: 2, 3, "a key must be a word"),
        FaultCase("name: a\nlimits: 3", at: 2, 9, "limits is a single value, not a map"),
        FaultCase("name: a\nlimits:", at: 2, 8, "limits is empty, not a map"),
        FaultCase("name: a\nscale: []", at: 2, 8, "scale is a list, not a map"),
        FaultCase("name: &x a", at: 1, 7, "anchors and aliases are not allowed"),
        FaultCase("name: a\nenv: &x { A: b }", at: 2, 6, "anchors and aliases are not allowed"),
        FaultCase("name: a\nenv: *x", at: 2, 6, "not YAML"),
    ]

    static let words = [
        FaultCase("name: My_Model", at: 1, 7, "name is 'My_Model'", nearest: "my-model"),
        FaultCase("name: -a", at: 1, 7, "name is '-a'", nearest: "a"),
        FaultCase("name: ''", at: 1, 7, "name is ''"),
        FaultCase("name:", at: 1, 6, "name is empty"),
        FaultCase("name: [a]", at: 1, 7, "name is a list"),
        FaultCase("nam: a", at: 1, 1, "unknown key 'nam'", nearest: "name"),
        FaultCase("name: a\ntimeouts: {}", at: 2, 1, "unknown key", nearest: "timeout"),
        FaultCase("name: a\nMemory: 1Gi", at: 2, 1, "unknown key"),
        FaultCase(
            "name: a\nscale: { keepalive: 1s }",
            at: 2,
            10,
            "unknown key 'keepalive' in scale",
            nearest: "keepAlive"
        ),
        FaultCase("name: a\nlimits: { gpu: { mem: 1Gi } }", at: 2, 18, "unknown key 'mem'"),
        FaultCase("name: a\nruntime: pyton3", at: 2, 10, "runtime is", nearest: "python3"),
        FaultCase("name: a\nruntime: http", at: 2, 10, "runtime http is not supported"),
        FaultCase("name: a\nimage: hots", at: 2, 8, "image is", nearest: "host"),
        FaultCase("name: a\nimage: docker.io/x:1", at: 2, 8, "OCI images are not supported"),
        FaultCase("name: a\nnetwork: non", at: 2, 10, "network is 'non'", nearest: "none"),
        FaultCase("name: a\nnetwork: true", at: 2, 10, "network is 'true'"),
        FaultCase(
            "name: a\nisolation: zygot",
            at: 2,
            12,
            "isolation is",
            nearest: "zygote"
        ),
        FaultCase("name: a\ntriggers: http", at: 2, 11, "triggers is a single value"),
        FaultCase("name: a\ntriggers: [htpp]", at: 2, 12, "no trigger", nearest: "http"),
        FaultCase("name: a\ntriggers:\n  - {a: 1, b: 2}", at: 3, 5, "has 2 keys"),
        FaultCase("name: a\nenv: { 1A: b }", at: 2, 8, "'1A' is not a variable's name"),
        FaultCase("name: a\nenv: { A: [b] }", at: 2, 11, "env.A is a list"),
        FaultCase("name: a\nenv: { A: }", at: 2, 11, "env.A is empty"),
        FaultCase("name: a\nenv: { A: \"\\0\" }", at: 2, 11, "env.A is too long or has a NUL"),
        FaultCase("name: a\nsecrets: x", at: 2, 10, "secrets is a single value, not a list"),
        FaultCase("name: a\nsecrets: [a/b]", at: 2, 11, "secrets[0] is 'a/b'"),
        FaultCase("name: a\nsecrets: [a, a]", at: 2, 14, "secrets[1] is 'a' a second time"),
    ]

    static let quantities = [
        FaultCase(
            "name: a\nlimits: { memory: 256 }",
            at: 2,
            19,
            "without a unit",
            nearest: "256Mi"
        ),
        FaultCase(
            "name: a\nlimits: { memory: 256MB }",
            at: 2,
            19,
            "no unit 'MB'",
            nearest: "256Mi"
        ),
        FaultCase("name: a\nlimits: { memory: 10s }", at: 2, 19, "no unit 's'"),
        FaultCase("name: a\nlimits: { memory: 0Mi }", at: 2, 19, "too little"),
        FaultCase("name: a\nlimits: { memory: -1Gi }", at: 2, 19, "can't be negative"),
        FaultCase("name: a\nlimits: { memory: 99Ti }", at: 2, 19, "too much"),
        FaultCase("name: a\nlimits: { memory: 512Ki }", at: 2, 19, "too fine"),
        FaultCase("name: a\nlimits: { memory: lots }", at: 2, 19, "not a quantity"),
        FaultCase("name: a\nlimits: { memory: 999999999999999Ti }", at: 2, 19, "too fine or"),
        FaultCase("name: a\nlimits: { cpu: 0 }", at: 2, 16, "too little"),
        FaultCase("name: a\nlimits: { cpu: 0.0001 }", at: 2, 16, "too fine"),
        FaultCase("name: a\nlimits: { cpu: 2cores }", at: 2, 16, "no unit", nearest: "2"),
        FaultCase("name: a\nlimits: { gpu: {} }", at: 2, 16, "limits.gpu needs 'memory'"),
        FaultCase("name: a\nlimits: { gpu: 4Gi }", at: 2, 16, "limits.gpu is a single value"),
        FaultCase("name: a\nlimits: { processes: 0 }", at: 2, 22, "too little"),
        FaultCase("name: a\nlimits: { processes: many }", at: 2, 22, "not a whole number"),
        FaultCase("name: a\nlimits: { processes: '8' }", at: 2, 22, "is text, not a number"),
        FaultCase("name: a\nlimits: { processes: 1.5 }", at: 2, 22, "not a whole number"),
        FaultCase("name: a\nlimits: { payload: 0 }", at: 2, 20, "too little"),
        FaultCase("name: a\nlimits: { payload: 1Gi }", at: 2, 20, "too much"),
        FaultCase(
            "name: a\nlimits: { memory: 32Mi, payload: 64Mi }",
            at: 2,
            34,
            "limits.payload is 64Mi, more than the memory of 32Mi"
        ),
        FaultCase(
            "name: a\ntimeout: { total: 30 }",
            at: 2,
            19,
            "without a unit",
            nearest: "30s"
        ),
        FaultCase(
            "name: a\ntimeout: { total: 30sec }",
            at: 2,
            19,
            "no unit 'sec'",
            nearest: "30s"
        ),
        FaultCase("name: a\ntimeout: { total: 1d }", at: 2, 19, "no unit 'd'"),
        FaultCase("name: a\ntimeout: { total: 0s }", at: 2, 19, "too little"),
        FaultCase("name: a\ntimeout: { total: 25h }", at: 2, 19, "too much"),
        FaultCase("name: a\ntimeout: { idle: 0.5ms }", at: 2, 18, "too fine"),
        FaultCase(
            "name: a\ntimeout: { total: 5s, firstByte: 6s }",
            at: 2,
            34,
            "timeout.firstByte is longer than timeout.total, which is 5s"
        ),
        FaultCase(
            "name: a\ntimeout: { firstByte: 31s }",
            at: 2,
            23,
            "longer than timeout.total"
        ),
        FaultCase(
            "name: a\ntimeout: { total: 5s, idle: 6s }",
            at: 2,
            29,
            "timeout.idle is longer than timeout.total"
        ),
        FaultCase("name: a\nscale: { min: -1 }", at: 2, 15, "too little"),
        FaultCase("name: a\nscale: { max: 0 }", at: 2, 15, "too little"),
        FaultCase("name: a\nscale: { max: 1001 }", at: 2, 15, "too much"),
        FaultCase("name: a\nscale: { concurrency: 0 }", at: 2, 23, "too little"),
        FaultCase("name: a\nscale: { queue: -1 }", at: 2, 17, "too little"),
        FaultCase("name: a\nscale: { keepAlive: 8000h }", at: 2, 21, "too much"),
        FaultCase("name: a\nscale: { min: 9 }", at: 2, 15, "more than scale.max, which is 8"),
        FaultCase("name: a\nscale: { min: 3, max: 2 }", at: 2, 15, "more than scale.max"),
        FaultCase("name: a\nbatch: { size: 0 }", at: 2, 16, "too little"),
        FaultCase("name: a\nbatch: { wait: 11s }", at: 2, 16, "too much"),
        FaultCase(
            "name: a\ntimeout: { total: 1s }\nbatch: { wait: 1s }",
            at: 3,
            16,
            "batch.wait is not shorter"
        ),
    ]

    @Test(arguments: shape + words + quantities)
    func `a faulty manifest is refused with the place and the nearest valid word`(
        fault: FaultCase
    ) throws {
        let faults = faults(of: fault.text)

        let found = try #require(
            faults.first { $0.problem.contains(fault.problem) },
            "\(faults.map(\.description))"
        )
        #expect(found.line == fault.line, "\(found)")
        #expect(found.column == fault.column, "\(found)")
        if let nearest = fault.nearest { #expect(found.nearest == nearest, "\(found)") }
        #expect(found.file == "function.yaml")
    }

    @Test(arguments: shape.filter { !$0.text.contains("[x]") } + quantities)
    func `one fault is one report`(fault: FaultCase) {
        let others = faults(of: fault.text).filter { !$0.problem.contains("'name' is missing") }
        #expect(others.count <= 1, "\(others)")
    }

    @Test func `a manifest over its size limit is refused`() {
        let text = "name: a\n#" + String(repeating: "x", count: ManifestLimits.fileBytesMax)
        #expect(faults(of: text).map(\.problem) == ["the file has more than 65536 bytes"])
    }

    @Test func `an alias bomb is refused before it is expanded`() {
        var text = "name: a\nenv: &l0 [x, x]\n"
        for level in 1...40 {
            text += "k\(level): &l\(level) [*l\(level - 1), *l\(level - 1)]\n"
        }
        text += "? *l40\n: 1\n"

        #expect(faults(of: text).map(\.problem) == ["the file has more than 8 aliases"])
    }

    @Test func `an alias within the limit is still refused`() {
        let problems = faults(of: "name: a\nenv: &e { A: b }\nlimits: *e").map(\.problem)
        #expect(problems.allSatisfy { $0.hasPrefix("anchors and aliases are not allowed") })
        #expect(!problems.isEmpty)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "])
    func `endless nesting is refused and does not exhaust the stack`(opening: String) {
        let text = "name: a\nenv: " + (opening.hasSuffix(" ") && opening.count == 2 ? "\n  " : "")
        let count = (ManifestLimits.fileBytesMax - 100) / opening.utf8.count
        #expect(!faults(of: text + String(repeating: opening, count: count)).isEmpty)
    }

    @Test func `many duplicates end in a bounded report`() {
        let text = "name: a\n" + String(repeating: "env: {}\n", count: 200)
        let count = faults(of: text).count
        #expect((1...ManifestLimits.faultCountMax).contains(count))
    }

    @Test func `random damage to a sound manifest is a manifest or faults, never a crash`() {
        let sound = Array(
            """
            name: diabetes
            limits: { memory: 256Mi, cpu: 1, gpu: { memory: 4Gi } }
            scale:
              min: 0
              keepAlive: 60s
            env: { KEY: "value" }
            triggers:
              - queue: { broker: "redis://:pw@h/0", stream: s, backoff: 1s..5m }
              - schedule: { cron: "*/5 * * * *", zone: UTC, input: { a: [1, x] } }

            """.utf8
        )
        var random = SeededGenerator(seed: 7)
        let spice = Array("{}[]:,-&*!|>'\"%@`#? \n\t\u{0}0aé".utf8)

        for _ in 0..<3000 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.remove(at: at)
                case 1: bytes.insert(spice[Int.random(in: 0..<spice.count, using: &random)], at: at)
                default: bytes[at] = spice[Int.random(in: 0..<spice.count, using: &random)]
                }
            }
            do {
                let manifest = try ManifestReader.read(bytes)
                #expect(!manifest.name.isEmpty)
            } catch {
                #expect(!error.faults.isEmpty)
            }
        }
    }
}
