import ArgumentParser
import Functions
import GatewayAPI
import GatewayClient
import Packaging

struct Deploy: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Deploy function folders.",
        discussion: """
            Packs each folder and sends it to the gateway, which installs its requirements, \
            loads it, and tries its sample. A revision takes traffic only once that has gone \
            well; a deploy that is rejected changes nothing. Deploying the same folder again \
            does nothing. A folder that git has committed as it is brings its commit along, which \
            `faas revisions` shows.

            EXAMPLES:
              faas deploy                            the folder you are in
              faas deploy functions/diabetes
              faas deploy functions/* -o json        one line of JSON for each
            """
    )

    @Argument(help: "Function folders.", completion: .directory)
    var folders: [String] = ["."]

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var options: OutputOptions

    func run() throws {
        let client = try gateway.client()
        var failed = 0
        for folder in folders {
            do throws(CommandFailure) {
                try deploy(folder, with: client)
            } catch {
                failed += 1
                guard folders.count > 1, error.status == .refused else { throw error }
                Console.current.report(error)
            }
        }
        guard failed > 0 else { return }
        throw CommandFailure(
            .refused,
            "\(failed) of \(folders.count) folders could not be deployed",
            advice: "what was serving before still serves"
        )
    }

    private func deploy(_ path: String, with client: GatewayClient) throws(CommandFailure) {
        do {
            let folder = try FunctionFolder(path)
            let console = Console.current
            for note in folder.notes {
                console.writeError("\(console.errorPaint.yellow("note:")) \(note)\n")
            }
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
        return try client.deploy(
            name,
            bundle: file.body,
            push: nil,
            origin: FolderOrigin.read(folder.path),
            onTick: { shared.progress.tick($0) },
            onEvent: { shared.progress.show($0) }
        )
    }
}

/// Lets two closures change one progress.
private final class ProgressCell {
    var progress: DeployProgress

    init(_ progress: DeployProgress) { self.progress = progress }
}
