import Instances

/// The OCI runtime's command: starts containers. Blocking; not for event loops.
struct OCIRuntime: Sendable {
    let path: String
    /// Where it keeps the state of its containers.
    let stateFolder: String

    /// Starts a container and returns once its first process runs.
    ///
    /// - Parameters:
    ///   - folder: holds `config.json`; `boot.log` and `oci.log` are written there.
    ///   - descriptor: becomes the container's descriptor 3.
    func run(_ id: String, folder: String, descriptor: CInt) throws(InstanceError) {
        let arguments = [
            "run", "--detach", "--preserve-fds", "1", "--bundle", folder, "--pid-file",
            "\(folder)/pid", id,
        ]
        let status = try command(
            arguments,
            folder: folder,
            output: "\(folder)/boot.log",
            descriptor: descriptor
        )
        guard status == 0 else { throw refusal(folder) }
    }

    /// Runs a container to its end; what it prints goes to the file `output`. Its exit status.
    func runToEnd(_ id: String, folder: String, output: String) throws(InstanceError) -> Int {
        let status = try command(
            ["run", "--bundle", folder, id],
            folder: folder,
            output: output,
            descriptor: nil
        )
        forget(id)
        return status
    }

    /// Drops a container's state, whose processes are gone; what the command would do in 100 ms.
    func forget(_ id: String) {
        Files.remove("\(stateFolder)/\(id)")
    }

    private func command(
        _ arguments: [String],
        folder: String,
        output: String,
        descriptor: CInt?
    ) throws(InstanceError) -> Int {
        try HostProgram(path: path).run(
            ["--root", stateFolder, "--log", "\(folder)/oci.log"] + arguments,
            output: output,
            descriptor: descriptor
        )
    }

    private func refusal(_ folder: String) -> InstanceError {
        let log = Files.read("\(folder)/oci.log") ?? ""
        let last = log.split(separator: "\n").last.map(String.init) ?? "no reason given"
        return InstanceError(.host, "\(path) could not start the container: \(last)")
    }
}
