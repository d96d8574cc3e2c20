import ArgumentParser
import Billing
import FoundationEssentials
import GatewayServer
import Glibc
import Storage
import Triggers

/// Where the gateway listens, what it keeps where, and its limits: read once, at the start.
struct GatewaySettings {
    /// What was given on the command line.
    struct Flags {
        var listen: String?
        var data: String?
        var config: String?
        var runtime: String?
    }

    var host = "127.0.0.1"
    var port = 8080
    var dataFolder: String
    var runtimeFolder: String
    /// Event loops for connections and instances; default: half of the cores, as functions need
    /// the others.
    var loops: Int
    /// Host memory for zygotes and instances, in MiB; default: 80 % of the machine's.
    var memoryMiB: Int
    var ledger = Ledger.Settings()
    var nvmlLibrary: String?
    var gateway = GatewayConfiguration()
    var triggers = TriggerLimits()

    init(flags: Flags, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        loops = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
        memoryMiB = Int(ProcessInfo.processInfo.physicalMemory >> 20) * 8 / 10
        dataFolder =
            geteuid() == 0
            ? "/var/lib/faas" : (environment["HOME"] ?? "/tmp") + "/.local/share/faas"
        runtimeFolder = Self.runtimeFolderBesideProgram()
        if let path = flags.config ?? environment["FAAS_CONFIG"] {
            try apply(GatewayFile(path: path))
        }
        if let listen = flags.listen ?? environment["FAAS_LISTEN"] { try setListen(listen) }
        if let data = flags.data ?? environment["FAAS_DATA"] { dataFolder = Self.absolute(data) }
        if let runtime = flags.runtime ?? environment["FAAS_RUNTIME"] {
            runtimeFolder = Self.absolute(runtime)
        }
        nvmlLibrary = environment["FAAS_NVML_LIBRARY"]
        try check()
    }

    private mutating func apply(_ file: GatewayFile) throws {
        if let listen = file.listen { try setListen(listen) }
        if let data = file.data { dataFolder = Self.absolute(data) }
        if let memory = file.memoryMiB { memoryMiB = memory }
        if let loops = file.loops { self.loops = loops }
        gateway.prices = file.prices
        if let word = file.synchronous {
            guard let value = Synchronous(rawValue: word) else {
                throw ValidationError("synchronous is `normal` or `full`, not `\(word)`")
            }
            ledger.synchronous = value
        }
        gateway.keys = file.keys.map { APIKey(account: $0.account, digest: $0.sha256) }
        if let seconds = file.resultSeconds { triggers.resultMillis = Int64(seconds) * 1_000 }
        if let bytes = file.resultBytesMax { triggers.resultBytesMax = bytes }
        if let millis = file.drainMillisMax { gateway.drainMillisMax = millis }
        if let millis = file.loadMillisMax { gateway.loadMillisMax = millis }
        if let millis = file.probationMillis { gateway.probationMillis = millis }
        if let millis = file.cleanupMillis { gateway.cleanupMillis = millis }
    }

    private mutating func setListen(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { throw ValidationError("--listen is ADDRESS:PORT, not `\(text)`") }
        let address = text[..<colon]
        host = address.isEmpty ? "0.0.0.0" : address.filter { $0 != "[" && $0 != "]" }
        self.port = port
    }

    private func check() throws {
        let isLoopback = host.hasPrefix("127.") || host == "::1" || host == "localhost"
        guard isLoopback || !gateway.keys.isEmpty else {
            throw ValidationError(
                """
                listening on \(host) without API keys would let anybody run code here: add `keys:` \
                to the configuration file, or listen on 127.0.0.1
                """
            )
        }
        guard loops > 0 else { throw ValidationError("loops is at least 1") }
        guard access("\(runtimeFolder)/faas_runtime/__main__.py", R_OK) == 0 else {
            throw ValidationError(
                "no Python runtime at \(runtimeFolder): give its folder with --runtime"
            )
        }
    }

    /// `runtime/python` in the checkout that the program was built in, or beside an installed one.
    private static func runtimeFolderBesideProgram() -> String {
        var folder =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            for place in ["runtime/python", "share/faas/runtime/python"]
            where access("\(folder)/\(place)/faas_runtime/__main__.py", R_OK) == 0 {
                return "\(folder)/\(place)"
            }
        }
        return "/usr/share/faas/runtime/python"
    }

    private static func absolute(_ path: String) -> String {
        let full =
            path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        return full.count > 1 && full.hasSuffix("/") ? String(full.dropLast()) : full
    }
}
