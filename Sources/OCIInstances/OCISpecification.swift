/// The parts of an OCI bundle's `config.json` that sandboxes use (OCI runtime specification 1.0).
package struct OCISpecification: Codable, Sendable {
    struct User: Codable, Sendable {
        var uid: Int
        var gid: Int
        var additionalGids: [Int] = []
    }

    struct Capabilities: Codable, Sendable {
        var bounding: [String] = []
        var effective: [String] = []
        var inheritable: [String] = []
        var permitted: [String] = []
        var ambient: [String] = []
    }

    struct ResourceLimit: Codable, Sendable {
        var type: String
        var hard: Int
        var soft: Int
    }

    struct Process: Codable, Sendable {
        var terminal = false
        var user: User
        var args: [String]
        var env: [String]
        var cwd = "/"
        var capabilities = Capabilities()
        var noNewPrivileges = true
        var rlimits: [ResourceLimit]
        var oomScoreAdj = 500
    }

    struct Root: Codable, Sendable {
        var path: String
        var readonly = true
    }

    struct Mount: Codable, Sendable {
        var destination: String
        var type: String
        var source: String
        var options: [String]
    }

    struct Namespace: Codable, Sendable {
        var type: String
    }

    struct DeviceRule: Codable, Sendable {
        var allow: Bool
        var type: String?
        var major: Int?
        var minor: Int?
        var access: String
    }

    struct DeviceNode: Codable, Sendable {
        var path: String
        var type = "c"
        var major: Int
        var minor: Int
        var fileMode = 0o666
        var uid = 0
        var gid = 0
    }

    struct Memory: Codable, Sendable {
        var limit: Int
        var swap: Int?
    }

    struct CPU: Codable, Sendable {
        var quota: Int
        var period: Int
    }

    struct Pids: Codable, Sendable {
        var limit: Int
    }

    struct Resources: Codable, Sendable {
        var devices: [DeviceRule]
        var memory: Memory?
        var cpu: CPU?
        var pids: Pids?
    }

    package struct Seccomp: Codable, Sendable {
        struct Argument: Codable, Sendable {
            var index: Int
            var value: UInt64
            var valueTwo: UInt64 = 0
            var op: String
        }

        struct Rule: Codable, Sendable {
            var names: [String]
            var action: String
            var errnoRet: Int?
            var args: [Argument] = []
        }

        var defaultAction: String
        var syscalls: [Rule]
    }

    struct Linux: Codable, Sendable {
        var namespaces: [Namespace]
        var cgroupsPath: String
        var resources: Resources
        var devices: [DeviceNode]
        var seccomp: Seccomp?
        var maskedPaths: [String]
        var readonlyPaths: [String]
    }

    var ociVersion = "1.0.2"
    var process: Process
    var root: Root
    var hostname: String
    var mounts: [Mount]
    var linux: Linux
}
