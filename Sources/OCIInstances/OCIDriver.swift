import CLinux
import FoundationEssentials
import Functions
import Glibc
package import Instances
package import NIOCore
package import NIOPosix
import RuntimeProtocol
import Synchronization

/// Sandboxes as containers of an OCI runtime: runc, or crun where it works.
package final class OCIDriver: InstanceDriver {
    private let tools: OCITools
    private let lastSandbox = Atomic<Int>(0)

    /// - Throws: `.host` when the host has no cgroups that can be used.
    package init(
        configuration: OCIConfiguration,
        group: any EventLoopGroup,
        threads: NIOThreadPool,
        outputSink: @escaping OutputSink
    ) throws(InstanceError) {
        guard let layout = Cgroups.layout(mounts: Files.read("/proc/self/mountinfo") ?? "") else {
            throw InstanceError(.host, "no memory cgroup is mounted: sandboxes need one")
        }
        let cgroups = Cgroups(layout: layout, tag: configuration.cgroupTag)
        tools = OCITools(
            configuration: configuration,
            runtime: OCIRuntime(
                path: configuration.ociRuntime,
                stateFolder: configuration.stateFolder
            ),
            cgroups: cgroups,
            group: group,
            threads: threads,
            outputSink: outputSink
        )
    }

    package func open(_ plan: SandboxPlan) async throws(InstanceError) -> any Sandbox {
        let number = lastSandbox.wrappingAdd(1, ordering: .relaxed).newValue
        let (place, control) = try await tools.blocking { [self] () throws(InstanceError) in
            try start(plan, number: number)
        }
        return try await OCISandbox.open(
            place: place,
            tools: tools,
            control: control,
            loadMillisMax: plan.loadMillisMax
        )
    }

    package func reclaim() async throws(InstanceError) {
        try await tools.blocking { [tools] () throws(InstanceError) in
            let configuration = tools.configuration
            try Files.makeFolder(configuration.sandboxesFolder)
            try Files.makeFolder(configuration.stateFolder, mode: 0o700)
            try HostImage.prepareRoot(
                configuration.rootFolder,
                layerCountMax: OCISpecification.Place.layerCountMax
            )
            guard tools.cgroups.removeRoot() else {
                throw InstanceError(
                    .host,
                    "processes of an earlier gateway in \(tools.cgroups.root) do not end"
                )
            }
            for folder in [configuration.sandboxesFolder, configuration.stateFolder] {
                for name in Files.names(in: folder) { Files.remove("\(folder)/\(name)") }
            }
        }
    }

    /// Starts the container and tells it what to load.
    ///
    /// Blocking, some 30 ms.
    private func start(
        _ plan: SandboxPlan,
        number: Int
    ) throws(InstanceError) -> (
        SandboxPlace, CInt
    ) {
        let configuration = tools.configuration
        let id = "\(plan.revision.id)-\(number)"
        let folder = "\(configuration.sandboxesFolder)/\(id)"
        let group = "\(tools.cgroups.root)/\(id)"
        var ends: [CInt] = [-1, -1]
        guard linux_socket_pair(&ends) == 0 else { throw Files.failure("make", "a socket pair") }
        defer { close(ends[1]) }
        let bootLog: BootLog
        do throws(InstanceError) { bootLog = try BootLog() } catch {
            close(ends[0])
            throw error
        }
        do throws(InstanceError) {
            try Files.makeFolder(folder)
            let specification = OCISpecification.sandbox(
                plan,
                id: id,
                user: configuration.userFirst + number % configuration.userCount,
                cgroup: "\(group)/zygote",
                configuration: configuration
            )
            try Files.write(try json(specification), to: "\(folder)/config.json")
            try say(load(plan), on: ends[0])
            try tools.runtime.run(
                id,
                folder: folder,
                output: bootLog.descriptor,
                descriptor: ends[1]
            )
            // Not by the OCI runtime: what the kernel accounts for is for us to look.
            try tools.cgroups.limitRest(
                of: "\(group)/zygote",
                memoryBytes: plan.revision.manifest.limits.memoryMiB << 20
            )
            let pid = pid_t(Files.read("\(folder)/pid") ?? "") ?? 0
            let descriptor = linux_pidfd_open(pid)
            guard pid > 0, descriptor >= 0 else {
                throw InstanceError(
                    .load(.importRaised),
                    "the runtime ended at once",
                    log: bootLog.text
                )
            }
            return (
                SandboxPlace(
                    id: id,
                    revision: plan.revision,
                    folder: folder,
                    group: group,
                    zygotePID: pid,
                    zygotePIDDescriptor: descriptor,
                    forks: plan.forks,
                    bootLog: bootLog
                ), ends[0]
            )
        } catch {
            close(ends[0])
            bootLog.close()
            SandboxPlace.remove(
                id: id,
                folder: folder,
                group: group,
                cgroups: tools.cgroups,
                runtime: tools.runtime
            )
            throw error
        }
    }

    private func load(_ plan: SandboxPlan) -> LoadMessage {
        let manifest = plan.revision.manifest
        var env = manifest.env
        if plan.weights != nil { env["FAAS_MODEL"] = manifest.model?.path }
        return LoadMessage(
            function: plan.revision.function.description,
            revision: plan.revision.id,
            handler: OCISpecification.Place.function,
            layers: plan.layers.indices.map(OCISpecification.Place.layer),
            env: env,
            concurrency: manifest.scale.concurrency,
            batch: manifest.batch.map { .init(size: $0.size, waitMillis: $0.waitMillis) },
            forks: plan.forks,
            scratch: HostImage.scratch,
            logBytesMax: tools.configuration.logBytesMax,
            bodyBytesMax: manifest.limits.payloadBytes
        )
    }

    private func say(_ message: LoadMessage, on socket: CInt) throws(InstanceError) {
        var frame = ByteBuffer()
        Frame(.load, body: ByteBuffer(string: try json(message))).write(into: &frame)
        let sent = frame.withUnsafeReadableBytes { Glibc.send(socket, $0.baseAddress, $0.count, 0) }
        guard sent == frame.readableBytes else { throw Files.failure("write", "the load frame") }
    }

    private func json(_ value: some Encodable) throws(InstanceError) -> String {
        do {
            return String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
        } catch {
            throw InstanceError(.host, "\(error)")
        }
    }
}
