import Instances

/// The OCI runtime's command: starts containers.
///
/// Blocking; not for event loops.
struct OCIRuntime: Sendable {
    let path: String
    /// Where it keeps the state of its containers.
    let stateFolder: String

    /// Starts a container and returns once its first process runs.
    ///
    /// `folder` holds `config.json`, and `oci.log` is written there. `output` becomes the
    /// container's standard output and error, `descriptor` its descriptor 3.
    func run(
        _ id: String,
        folder: String,
        output: CInt,
        descriptor: CInt
    ) throws(InstanceError) {
        let status = try HostProgram(path: path).run(
            options(folder) + [
                "run", "--detach", "--preserve-fds", "1", "--bundle", folder, "--pid-file",
                "\(folder)/pid", id,
            ],
            output: output,
            descriptor: descriptor
        )
        guard status == 0 else { throw refusal(folder) }
    }

    /// Runs a container to its end; what it prints goes to the file `output`.
    ///
    /// Its exit status. `stop` ends the command, and what is left of the container ends with its
    /// control group.
    func runToEnd(
        _ id: String,
        folder: String,
        output: String,
        stop: ProgramStop
    ) throws(InstanceError) -> Int {
        let status = try HostProgram(path: path).run(
            options(folder) + ["run", "--bundle", folder, id],
            appendingTo: output,
            stop: stop
        )
        forget(id)
        return status
    }

    /// Drops a container's state, whose processes are gone; what the command would do in 100 ms.
    func forget(_ id: String) {
        Files.remove("\(stateFolder)/\(id)")
    }

    private func options(_ folder: String) -> [String] {
        ["--root", stateFolder, "--log", "\(folder)/oci.log"]
    }

    private func refusal(_ folder: String) -> InstanceError {
        let log = Files.read("\(folder)/oci.log") ?? ""
        let last = log.split(separator: "\n").last.map(String.init) ?? "no reason given"
        return InstanceError(.host, "\(path) could not start the container: \(last)")
    }
}
