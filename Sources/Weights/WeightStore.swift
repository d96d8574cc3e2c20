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
    private let stop = StopSignal()
    private let fetches = Mutex<[String: WeightFetch]>([:])
    private let threads: FetchThreads

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
    /// that are here and those of the whole file where the server says.
    package func fetch(
        _ file: Manifest.ModelFile,
        progress: @escaping Progress,
        done: @escaping Done
    ) {
        do throws(WeightsError) {
            let source = try WeightSource.read(file, environment: environment)
            fetch(file, from: source, progress: progress, done: done)
        } catch {
            done(.failure(error))
        }
    }

    /// As `fetch`, for tasks.
    package func fetched(
        _ file: Manifest.ModelFile,
        progress: @escaping Progress
    ) async throws(WeightsError) -> String {
        let end = await withCheckedContinuation { continuation in
            fetch(file, progress: progress) { continuation.resume(returning: $0) }
        }
        return try end.get()
    }

    /// Ends all fetches, now and from now on; what they have brought is kept.
    package func close() { stop.give() }

    // MARK: - One fetch

    private func fetch(
        _ file: Manifest.ModelFile,
        from source: WeightSource,
        progress: @escaping Progress,
        done: @escaping Done
    ) {
        let path = path(of: file.sha256)
        guard let (fetch, isNew) = join(file) else { return done(.success(path)) }
        let tried = fetch.source
        fetch.wait(progress: progress) { [self] end in
            if case .failure = end, tried != file.source {
                self.fetch(file, from: source, progress: progress, done: done)
            } else {
                done(end.map { _ in path })
            }
        }
        guard isNew else { return }
        threads.run { [self] fault in
            let end = Result { () throws(WeightsError) in
                if let fault { throw fault }
                try store(source, file.sha256, progress: fetch.tell)
            }
            fetches.withLock { _ = $0.removeValue(forKey: file.sha256) }
            fetch.finish(end)
        }
    }

    /// The fetch of a file, made where there is none; nil when the file is here.
    private func join(_ file: Manifest.ModelFile) -> (fetch: WeightFetch, isNew: Bool)? {
        fetches.withLock { fetches in
            if let fetch = fetches[file.sha256] { return (fetch, false) }
            if exists(file.sha256) { return nil }
            let fetch = WeightFetch(source: file.source, progressMillis: limits.progressMillis)
            fetches[file.sha256] = fetch
            return (fetch, true)
        }
    }

    /// Blocking, for as long as it takes.
    private func store(
        _ source: WeightSource,
        _ sha256: String,
        progress: @escaping (Int64, Int64?) -> Void
    ) throws(WeightsError) {
        guard !stop.wasGiven else { throw .stopping }
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw .system("make the folder \(folder)") }
        let partial = try PartialFile(
            path: "\(path(of: sha256)).part",
            limits: limits,
            space: space,
            isStopped: { stop.wasGiven }
        )
        do throws(WeightsError) {
            try bring(source, into: partial, progress)
            try check(partial, source, sha256, progress)
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
        _ progress: @escaping (Int64, Int64?) -> Void
    ) throws(WeightsError) {
        let hadEarlierBytes = partial.hasEarlierBytes
        var digest = partial.takeDigest()
        if digest != sha256, hadEarlierBytes {
            // They may be of another file, or what a crash left of this one.
            try partial.restart()
            try bring(source, into: partial, progress)
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
        _ progress: @escaping (Int64, Int64?) -> Void
    ) throws(WeightsError) {
        switch source {
        case .file(let path):
            let file = try HostFile(path: path, dataFolder: dataFolder)
            try file.copy(into: partial, isStopped: { stop.wasGiven }, progress: progress)
        case .web(let request):
            try WebDownload(
                request: request,
                partial: partial,
                limits: limits,
                certificates: environment("SSL_CERT_FILE").flatMap { $0.isEmpty ? nil : $0 },
                stop: stop,
                progress: progress
            ).run()
        }
    }

    /// Whether a fetch of it is under way.
    func isFetching(_ sha256: String) -> Bool { fetches.withLock { $0[sha256] != nil } }
}
