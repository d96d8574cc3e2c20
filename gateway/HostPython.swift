import FoundationEssentials
import Glibc
import Instances
import OCIInstances
import Packaging

/// The host's interpreter, for which layers are built.
enum HostPython {
    /// `linux-x86_64` and the like: what binary packages are built for.
    static var platform: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "linux" }
        let machine = withUnsafeBytes(of: &name.machine) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return "linux-\(machine)"
    }

    /// The name of its library folder, such as `python3.11`, stands for the version.
    static func version(_ python: String) -> String {
        let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: python)) ?? python
        return target.split(separator: "/").last.map(String.init) ?? target
    }
}

/// The layer with what `runtime/python/requirements.txt` names.
enum RuntimeLayer {
    static func order(settings: GatewaySettings, python: String) throws -> LayerOrder {
        let path = "\(settings.runtimeFolder)/requirements.txt"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InstanceError(.host, "\(path) cannot be read")
        }
        let requirements = try Requirements(String(decoding: data, as: UTF8.self), file: path)
        return LayerOrder(
            digest: requirements.digest(
                python: HostPython.version(python),
                platform: HostPython.platform
            ),
            lines: requirements.lines,
            flags: requirements.flags
        )
    }
}

extension OCIConfiguration {
    init(settings: GatewaySettings) throws {
        let python = "/usr/bin/python3"
        guard access(python, X_OK) == 0 else {
            throw InstanceError(
                .host,
                "\(python) is missing: `apt-get install python3 python3-venv`"
            )
        }
        // crun refuses a host with both cgroup versions, so it is the second choice.
        let programs = ["runc", "crun"].flatMap { name in
            ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"].map { "\($0)/\(name)" }
        }
        guard let runtime = programs.first(where: { access($0, X_OK) == 0 }) else {
            throw InstanceError(.host, "no OCI runtime is installed: `apt-get install runc`")
        }
        let layer = try RuntimeLayer.order(settings: settings, python: python).digest
        let copy = try RuntimeCopy.make(
            of: settings.runtimeFolder,
            in: settings.dataFolder,
            python: python
        )
        self.init(
            dataFolder: settings.dataFolder,
            runtimeFolder: copy,
            runtimeLayer: "\(settings.dataFolder)/layers/\(layer)",
            ociRuntime: runtime
        )
    }
}
