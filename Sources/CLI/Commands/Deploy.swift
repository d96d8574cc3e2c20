import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient
import Glibc
import Packaging

struct Deploy: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Deploy function folders.",
        discussion: """
            Packs each folder and sends it to the gateway, which installs its requirements, \
            loads it, and tries its sample. A revision takes traffic only once that has gone \
            well; a deploy that is rejected changes nothing. Deploying the same folder again \
            does nothing. A folder that git has committed as it is brings its commit along, which \
            `faas revisions` shows. What .faasignore names stays out of the bundle. Ctrl-C ends \
            the watching only: a deploy whose bundle has arrived goes on. As JSON there is a line \
            for each folder, its last event or its failure.

            EXAMPLES:
              faas deploy                            the folder you are in
              faas deploy functions/diabetes
              faas deploy functions/* -o json        one line of JSON for each folder
            """
    )

    @Argument(help: "Function folders.", completion: .directory)
    var folders: [String] = ["."]

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var options: OutputOptions

    func run() throws {
        let client = try gateway.client()
        let folders = withoutFiles()
        var failed: [String] = []
        for folder in folders {
            do throws(CommandFailure) {
                try deploy(folder, with: client)
            } catch {
                guard error.status == .refused else { throw error }
                failed.append(folder)
                try show(error, of: folder, isLast: folders.count == 1)
            }
        }
        guard !failed.isEmpty else { return }
        throw CommandFailure(
            .refused,
            "\(failed.count) of \(folders.count) folders could not be deployed: "
                + failed.joined(separator: ", "),
            advice: "what was serving before still serves"
        )
    }

    /// A shell's `*` names plain files too; beside folders they are passed over.
    private func withoutFiles() -> [String] {
        let files = Set(folders.filter(Self.isFile))
        guard files.count < folders.count else { return folders }
        for file in folders where files.contains(file) { note("\(file) is no folder") }
        return folders.filter { !files.contains($0) }
    }

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    private func note(_ text: String) {
        let console = Console.current
        console.writeError("\(console.errorPaint.yellow("note:")) \(text)\n")
    }

    /// Says why a folder was not deployed; when it was the only one, by throwing it.
    private func show(_ failure: CommandFailure, of folder: String, isLast: Bool) throws {
        let console = Console.current
        if options.output == .json {
            let line = FailedFolder(folder: folder, failure: failure)
            try console.writeJSON(line, indented: false)
        }
        if isLast { throw failure }
        if options.output == .table { console.report(failure) }
    }

    private struct FailedFolder: Encodable {
        let folder: String
        let failure: CommandFailure
    }

    private func deploy(_ path: String, with client: GatewayClient) throws(CommandFailure) {
        do {
            let folder = try FunctionFolder(path)
            let console = Console.current
            folder.notes.forEach(note)
            guard let name = FunctionName(folder.manifest.name) else {
                throw CommandFailure(.refused, "\(path)/function.yaml names no function")
            }
            let event = try send(folder, as: name, with: client)
            if options.output == .json {
                try console.writeJSON(event, indented: false)
            } else {
                let sample = folder.sample?.path
                console.write(DeployText.result(event, sample: sample, paint: console.paint))
            }
        } catch let error as PackagingError {
            throw CommandFailure(error)
        } catch let error as ClientError {
            throw CommandFailure(error)
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw CommandFailure(.refused, "\(error)")
        }
    }

    /// Packs and sends; the archive exists only meanwhile.
    private func send(
        _ folder: FunctionFolder,
        as name: FunctionName,
        with client: GatewayClient
    ) throws -> DeployEvent {
        let place = try TemporaryFolder()
        defer { place.remove() }
        let bundle = try Bundle.pack(folder: folder.path, into: place.file("bundle.tar"))
        let file = try InputFile(path: bundle.archive)
        defer { file.close() }
        var progress = DeployProgress(name: name, console: Console.current)
        progress.begin(bytes: Int64(bundle.byteCount))
        // The events and the ticks come on this thread, one after the other.
        let shared = ProgressCell(progress)
        defer { shared.progress.end() }
        var hasArrived = false
        do {
            return try client.deploy(
                name,
                bundle: file.body,
                push: nil,
                origin: FolderOrigin.read(folder.path),
                onTick: { shared.progress.tick($0) },
                onEvent: {
                    hasArrived = true
                    shared.progress.show($0)
                }
            )
        } catch {
            guard hasArrived, error.code == .cancelled else { throw error }
            throw CommandFailure(
                .interrupted,
                "stopped watching; the deploy of \(name) goes on",
                advice: "`faas revisions \(name)` shows it once it serves"
            )
        }
    }
}

/// Lets two closures change one progress.
private final class ProgressCell {
    var progress: DeployProgress

    init(_ progress: DeployProgress) { self.progress = progress }
}
