import FoundationEssentials
import Functions
import Glibc
package import Instances
import NIOPosix
import Synchronization

/// Installs requirements into layers, each in a sandbox of its own: a package's set-up code never
/// runs on the host, and is the only code of ours that may use the network.
package final class LayerBuilder: LayerInstaller {
    /// What an installation may use.
    package struct Limits: Sendable {
        package var memoryMiB = 4096
        package var cpuMillis = 4000
        package var processes = 512
        package var secondsMax = 900
        /// Installations at once; further ones wait in line.
        package var runningMax = 4

        package init() {}
    }

    /// Variables of the gateway's environment that tell the installer where packages come from.
    private static let passedOn = [
        "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_CERT",
        "PIP_DEFAULT_TIMEOUT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy",
        "https_proxy", "no_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
    ]

    private static let prefix = ".building-"

    private let configuration: OCIConfiguration
    private let limits: Limits
    private let runtime: OCIRuntime
    private let cgroups: Cgroups
    /// Its own: an installation holds one for as long as a package index takes to answer.
    private let threads: NIOThreadPool
    private let line: BuildLine
    private let environment: [String: String]
    private let lastBuild = Atomic<Int>(0)
    private let running = Atomic<Int>(0)
    /// Build sandboxes have user ids behind those of functions.
    private static let userCount = 1000
    /// The largest file that an installer may write: some wheels have a library of 2 GB.
    private static let fileBytesMax = 4 << 30

    /// Makes a builder, which has threads until `close`; `environment` is the gateway's own.
    package init(
        configuration: OCIConfiguration,
        limits: Limits = Limits(),
        environment: [String: String]
    ) throws(InstanceError) {
        guard let layout = Cgroups.layout(mounts: Files.read("/proc/self/mountinfo") ?? "") else {
            throw InstanceError(.host, "no memory cgroup is mounted: sandboxes need one")
        }
        self.configuration = configuration
        self.limits = limits
        self.environment = environment.filter { Self.passedOn.contains($0.key) }
        runtime = OCIRuntime(
            path: configuration.ociRuntime,
            stateFolder: configuration.stateFolder
        )
        cgroups = Cgroups(layout: layout, tag: configuration.cgroupTag)
        line = BuildLine(runningMax: limits.runningMax)
        threads = NIOThreadPool(numberOfThreads: limits.runningMax)
        threads.start()
    }

    /// Ends all installations, also those in line; there are none from now on.
    ///
    /// Returns at once; `build` throws where one was awaited.
    package func drain() { line.close() }

    /// As `drain`, and returns when nothing of them is left.
    package func close() async {
        drain()
        try? await threads.shutdownGracefully()
    }

    /// User ids under which set-up code runs, and nothing else.
    package var buildUsers: Range<Int> {
        let first = configuration.userFirst + configuration.userCount
        return first..<(first + Self.userCount)
    }

    package var isBuilding: Bool { running.load(ordering: .relaxed) > 0 }

    private var folder: String { "\(configuration.dataFolder)/layers" }
    private var tools: String { "\(configuration.dataFolder)/tools" }

    package func path(_ digest: String) -> String { "\(folder)/\(digest)" }

    package func exists(_ digest: String) -> Bool { Files.exists(path(digest)) }

    /// Removes what a build left behind that was cut off, and makes the installer ready.
    ///
    /// Takes some seconds the first time.
    package func prepare() async throws(InstanceError) {
        try await blocking { [self] () throws(InstanceError) in
            try Files.makeFolder(folder)
            for name in Files.names(in: folder) where name.hasPrefix(Self.prefix) {
                Files.remove("\(folder)/\(name)")
            }
            guard !Files.exists("\(tools)/ready") else { return }
            Files.remove(tools)
            try Files.makeFolder(tools)
            let status = try HostProgram(path: configuration.python).run(
                ["-m", "venv", "--clear", "\(tools)/venv"],
                appendingTo: "\(tools)/venv.log"
            )
            guard status == 0 else {
                throw InstanceError(
                    .host,
                    "\(configuration.python) -m venv failed: install python3-venv. "
                        + (Files.read("\(tools)/venv.log") ?? "")
                )
            }
            try Files.write("", to: "\(tools)/ready")
        }
    }

    package func removeAll(except needed: Set<String>) {
        for name in Files.names(in: folder)
        where !name.hasPrefix(Self.prefix) && !needed.contains(name)
            && path(name) != configuration.runtimeLayer
        {
            // What is left of it after a crash is not taken for a layer.
            let gone = "\(folder)/\(Self.prefix)removed-\(name)"
            if rename(path(name), gone) == 0 { Files.remove(gone) }
        }
    }

    package func build(
        _ order: LayerOrder,
        progress: @escaping @Sendable (LayerProgress) -> Void
    ) async throws(InstanceError) {
        guard !exists(order.digest) else { return }
        let stop = ProgramStop()
        let result = await withTaskCancellationHandler {
            await build(order, stop, progress: progress)
        } onCancel: {
            line.giveUp(stop)
        }
        try result.get()
    }

    private func build(
        _ order: LayerOrder,
        _ stop: ProgramStop,
        progress: @escaping @Sendable (LayerProgress) -> Void
    ) async -> Result<Void, InstanceError> {
        let mayRun = await line.enter(stop) { progress(.waiting(running: $0)) }
        guard mayRun else { return .failure(Self.givenUp) }
        defer { line.leave(stop) }
        progress(.began)
        do throws(InstanceError) {
            try await blocking { [self] () throws(InstanceError) in
                // The one before in line may have built it.
                guard !exists(order.digest) else { return }
                try install(order, stop, progress: progress)
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private static let givenUp = InstanceError(.closed, "the installation was given up")

    private func install(
        _ order: LayerOrder,
        _ stop: ProgramStop,
        progress: @escaping @Sendable (LayerProgress) -> Void
    ) throws(InstanceError) {
        let number = lastBuild.wrappingAdd(1, ordering: .relaxed).newValue
        let id = "build-\(number)-\(order.digest.prefix(12))"
        let place = "\(folder)/\(Self.prefix)\(id)"
        let group = "\(cgroups.root)/\(id)"
        let user = buildUsers.lowerBound + number % Self.userCount
        running.wrappingAdd(1, ordering: .relaxed)
        defer {
            running.wrappingSubtract(1, ordering: .relaxed)
            _ = cgroups.remove(group)
            Files.remove(place)
        }
        for name in ["layer", "tmp"] {
            try Files.makeFolder("\(place)/\(name)")
            chown("\(place)/\(name)", uid_t(user), gid_t(user))
        }
        try Files.write(
            order.lines.joined(separator: "\n") + "\n",
            to: "\(place)/requirements.txt"
        )
        try Files.write(
            try json(specification(order, place: place, group: group, user: user)),
            to: "\(place)/config.json"
        )
        let follower = OutputFollower(path: "\(place)/output.log") { progress(.line($0)) }
        let isLate = Atomic<Bool>(false)
        let timer = Deadline(seconds: limits.secondsMax) {
            isLate.store(true, ordering: .relaxed)
            stop.give()
        }
        defer { timer.cancel() }
        let status = try runtime.runToEnd(
            id,
            folder: place,
            output: "\(place)/output.log",
            stop: stop
        )
        follower.finish()
        guard status == 0 else {
            guard !stop.wasGiven || isLate.load(ordering: .relaxed) else { throw Self.givenUp }
            let seconds = limits.secondsMax
            let reason =
                isLate.load(ordering: .relaxed)
                ? "it took longer than \(seconds) s"
                : cgroups.memoryKills(in: "\(group)/zygote") > 0
                    ? "it needed more than \(limits.memoryMiB) MiB" : follower.lastError
            throw InstanceError(
                .host,
                "the requirements could not be installed: \(reason)",
                log: Files.readEnd("\(place)/output.log")
            )
        }
        guard rename("\(place)/layer", path(order.digest)) == 0 || exists(order.digest) else {
            throw Files.failure("rename", "\(place)/layer")
        }
    }

    private func specification(
        _ order: LayerOrder,
        place: String,
        group: String,
        user: Int
    ) -> OCISpecification {
        let version = Files.names(in: "\(tools)/venv/lib").first ?? "python3"
        var mounts = HostImage.mounts(hasNetwork: true, temporaryMiB: 64)
        mounts.removeAll { $0.destination == "/tmp" }
        for (name, destination) in [("layer", "/layer"), ("tmp", "/tmp")] {
            mounts.append(
                OCISpecification.Mount(
                    destination: destination,
                    type: "bind",
                    source: "\(place)/\(name)",
                    options: ["bind", "rprivate", "rw", "nosuid", "nodev"]
                )
            )
        }
        mounts.append(
            HostImage.readOnly("\(place)/requirements.txt", at: "/build/requirements.txt")
        )
        mounts.append(
            HostImage.readOnly("\(tools)/venv/lib/\(version)/site-packages", at: "/tools")
        )
        var env = environment
        env["PATH"] = "/usr/bin:/bin"
        env["HOME"] = "/tmp"
        env["LANG"] = "C.UTF-8"
        env["PYTHONPATH"] = "/tools"
        let arguments =
            [
                configuration.python, "-m", "pip", "install", "--target", "/layer",
                "--no-cache-dir", "--disable-pip-version-check", "--no-input",
                "--no-warn-script-location", "--progress-bar", "off",
            ] + order.flags + ["-r", "/build/requirements.txt"]
        var manifestLimits = Manifest.Limits()
        manifestLimits.memoryMiB = limits.memoryMiB
        manifestLimits.cpuMillis = limits.cpuMillis
        manifestLimits.processes = limits.processes
        return OCISpecification(
            process: OCISpecification.Process(
                user: .init(uid: user, gid: user),
                args: arguments,
                env: env.map { "\($0.key)=\($0.value)" }.sorted(),
                rlimits: [
                    .init(type: "RLIMIT_NOFILE", hard: 4096, soft: 4096),
                    // What it prints lies in a file of the host.
                    .init(
                        type: "RLIMIT_FSIZE",
                        hard: Self.fileBytesMax,
                        soft: Self.fileBytesMax
                    ),
                ]
            ),
            root: OCISpecification.Root(path: configuration.rootFolder),
            hostname: "build",
            mounts: mounts,
            linux: OCISpecification.confined(
                namespaces: ["pid", "ipc", "uts", "mount"],
                cgroup: "\(group)/zygote",
                limits: manifestLimits
            )
        )
    }

    private func json(_ specification: OCISpecification) throws(InstanceError) -> String {
        do {
            return String(decoding: try JSONEncoder().encode(specification), as: UTF8.self)
        } catch {
            throw InstanceError(.host, "\(error)")
        }
    }

    private func blocking(
        _ work: @escaping @Sendable () throws(InstanceError) -> Void
    ) async throws(InstanceError) {
        do {
            try await threads.runIfActive { try work() }
        } catch {
            throw error as? InstanceError ?? Self.givenUp
        }
    }
}
