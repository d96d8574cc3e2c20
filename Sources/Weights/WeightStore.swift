package import Functions
import Glibc
import Synchronization

/// The weights of this node, each file under its digest, fetched once.
///
/// A file is written under another name, hashed as it comes, and named by its digest when it is
/// whole and on the disk. So what has a digest for a name is right, whenever the gateway is
/// killed; what a fetch had brought until then is where the next one goes on.
package final class WeightStore: Sendable {
    package typealias Progress = @Sendable (_ bytes: Int64, _ total: Int64?) -> Void
    package typealias Done = @Sendable (Result<String, WeightsError>) -> Void
    /// Gives a variable of the gateway's environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    /// AWS_SESSION_TOKEN, AWS_REGION and AWS_ENDPOINT_URL for `s3://`, and SSL_CERT_FILE.
    package typealias Environment = @Sendable (_ name: String) -> String?

    let folder: String
    let limits: WeightLimits
    let space: DiskSpace
    private let dataFolder: String
    private let environment: Environment
    private let fetches = Mutex(Fetches())
    private let threads: FetchThreads

    private struct Fetches {
        var isClosed = false
        var running: [String: WeightFetch] = [:]
    }

    /// Keeps files in `dataFolder/weights`, which is made when it is needed.
    package init(
        dataFolder: String,
        limits: WeightLimits = WeightLimits(),
        environment: @escaping Environment = { name in
            getenv(name).map { String(cString: $0) }
        }
    ) {
        self.dataFolder = dataFolder
        folder = "\(dataFolder)/weights"
        self.limits = limits
        self.environment = environment
        space = DiskSpace(folder: folder, freeBytesMin: limits.freeBytesMin)
        threads = FetchThreads(threadsMax: limits.fetchesMax)
    }

    /// Where the file with this digest is, or would be.
    package func path(of sha256: String) -> String { "\(folder)/\(sha256)" }

    package func exists(_ sha256: String) -> Bool {
        WeightSource.isDigest(sha256) && access(path(of: sha256), F_OK) == 0
    }

    /// Has the file on this node, and gives its path to `done`: at once when it is there, otherwise
    /// on a thread of the store's own once it has been fetched.
    ///
    /// Does not block. A file that is being fetched already is waited for. `progress` is called on
    /// any thread, at most once in `limits.progressMillis` and for the whole file, with the bytes
    /// that are here and those of the whole file where the server says. Who leaves `wait` is told
    /// nothing more but the end.
    package func fetch(
        _ file: Manifest.ModelFile,
        wait: WeightWait = WeightWait(),
        progress: @escaping Progress,
        done: @escaping Done
    ) {
        do throws(WeightsError) {
            let source = try WeightSource.read(file, environment: environment)
            fetch(file, from: source, wait, progress: progress, done: done)
        } catch {
            done(.failure(error))
        }
    }

    /// As `fetch`, for tasks: one that is cancelled waits no longer.
    package func fetched(
        _ file: Manifest.ModelFile,
        progress: @escaping Progress
    ) async throws(WeightsError) -> String {
        let wait = WeightWait()
        let end = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                fetch(file, wait: wait, progress: progress) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            wait.leave()
        }
        return try end.get()
    }

    /// Ends all fetches, now and from now on; what they have brought is kept.
    package func close() {
        let running = fetches.withLock { fetches in
            fetches.isClosed = true
            return fetches.running.values.map { $0 }
        }
        for fetch in running { fetch.stop.give() }
    }

    // MARK: - One fetch

    private func fetch(
        _ file: Manifest.ModelFile,
        from source: WeightSource,
        _ wait: WeightWait,
        progress: @escaping Progress,
        done: @escaping Done
    ) {
        let path = path(of: file.sha256)
        guard let (fetch, isNew) = join(file) else { return done(.success(path)) }
        fetch.wait(wait, progress: progress) { [self, weak fetch] end in
            // It was another's: of another source, or given up by who waited before.
            if case .failure = end, !wait.isLeft, let fetch,
                fetch.source != file.source || fetch.isAbandoned
            {
                self.fetch(file, from: source, wait, progress: progress, done: done)
            } else {
                done(end.map { _ in path })
            }
        }
        guard isNew else { return }
        threads.run { [self] fault in
            let end = Result { () throws(WeightsError) in
                if let fault { throw fault }
                try store(source, file.sha256, fetch)
            }
            fetches.withLock { _ = $0.running.removeValue(forKey: file.sha256) }
            fetch.finish(end)
        }
    }

    /// The fetch of a file, made where there is none; nil when the file is here.
    private func join(_ file: Manifest.ModelFile) -> (fetch: WeightFetch, isNew: Bool)? {
        fetches.withLock { fetches in
            if let fetch = fetches.running[file.sha256] { return (fetch, false) }
            if exists(file.sha256) { return nil }
            let fetch = WeightFetch(source: file.source, progressMillis: limits.progressMillis)
            if fetches.isClosed { fetch.stop.give() }
            fetches.running[file.sha256] = fetch
            return (fetch, true)
        }
    }

    /// Blocking, for as long as it takes.
    private func store(
        _ source: WeightSource,
        _ sha256: String,
        _ fetch: WeightFetch
    ) throws(WeightsError) {
        let stop = fetch.stop
        // One that waited for a thread may be told last, after others have been ended.
        let isClosed = fetches.withLock { $0.isClosed }
        guard !isClosed, !stop.wasGiven else { throw .stopping }
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw .system("make the folder \(folder)") }
        let partial = try PartialFile(
            path: "\(path(of: sha256)).part",
            limits: limits,
            space: space,
            isStopped: { stop.wasGiven }
        )
        do throws(WeightsError) {
            try bring(source, into: partial, fetch)
            try check(partial, source, sha256, fetch)
        } catch {
            // The rest of it may come another time.
            let isOfUse = partial.byteCount > 0 && source.isWeb
            let isHarmful = [.digestWrong, .tooLarge, .diskFull].contains(error.code)
            if !isOfUse || isHarmful { partial.discard() }
            throw error
        }
        try partial.keep(as: path(of: sha256), in: folder)
    }

    private func check(
        _ partial: PartialFile,
        _ source: WeightSource,
        _ sha256: String,
        _ fetch: WeightFetch
    ) throws(WeightsError) {
        let hadEarlierBytes = partial.hasEarlierBytes
        var digest = partial.takeDigest()
        if digest != sha256, hadEarlierBytes {
            // They may be of another file, or what a crash left of this one.
            try partial.restart()
            try bring(source, into: partial, fetch)
            digest = partial.takeDigest()
        }
        guard digest == sha256 else {
            throw WeightsError(
                .digestWrong,
                "the model's file has sha256 \(digest), and the manifest says \(sha256): correct "
                    + "`sha256`, or the file at its source"
            )
        }
    }

    private func bring(
        _ source: WeightSource,
        into partial: PartialFile,
        _ fetch: WeightFetch
    ) throws(WeightsError) {
        let stop = fetch.stop
        switch source {
        case .file(let path):
            let file = try HostFile(path: path, dataFolder: dataFolder)
            try file.copy(into: partial, isStopped: { stop.wasGiven }, progress: fetch.tell)
        case .web(let request):
            try WebDownload(
                request: request,
                partial: partial,
                limits: limits,
                certificates: environment("SSL_CERT_FILE").flatMap { $0.isEmpty ? nil : $0 },
                stop: stop,
                progress: fetch.tell
            ).run()
        }
    }

    /// Calls `body` unless a fetch of it is under way; none begins meanwhile.
    func unlessFetching(_ sha256: String, _ body: () -> Void) {
        fetches.withLock { if $0.running[sha256] == nil { body() } }
    }
}
