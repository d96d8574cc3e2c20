import Functions
import GatewayAPI
import GatewayClient
import Glibc

extension BranchPush {
    /// The functions of a commit, and which of its folders are none that can serve.
    struct Found {
        private(set) var functions: [CommitFunction] = []
        private(set) var failures: [PushFailure] = []
        var packing: FolderPacking
        private var byName: [FunctionName: CommitFunction] = [:]

        init(_ push: BranchPush, commit: ObjectID, tree: [TreeEntry]) throws {
            packing = FolderPacking(
                repository: push.repository,
                workplace: try Workplace(in: push.temporaryFolder)
            )
            guard let root = try push.repository.root(commit) else {
                throw GitDeployError(.gitFailed, "\(commit) has no tree")
            }
            for folder in try CommitFolder.all(in: tree, root: root) {
                if push.client.isCancelled() { throw GitDeployError(.cancelled, "stopped") }
                do {
                    functions.append(try packing.function(folder))
                } catch {
                    failures.append(PushFailure(subject: folder.shownPath, error))
                }
            }
            packing.save()
        }

        /// By the names that they are served under.
        mutating func items(
            isPreview: Bool,
            branch: String
        ) throws(GitDeployError) -> [PushPlan.Item] {
            var items: [PushPlan.Item] = []
            for function in functions {
                guard let name = isPreview ? function.name.preview(branch: branch) : function.name
                else {
                    throw GitDeployError(
                        .pushRefused,
                        "\(function.name) can have no preview for the branch \(branch)"
                    )
                }
                if let other = byName.updateValue(function, forKey: name) {
                    throw GitDeployError(
                        .pushRefused,
                        "\(other.folder.shownPath) and \(function.folder.shownPath) are both "
                            + "called \(function.name)",
                        advice: "give one of them another `name` in its function.yaml"
                    )
                }
                items.append(
                    .init(name: name, digest: function.digest, folder: function.folder.path)
                )
            }
            return items
        }

        func function(_ name: FunctionName) -> CommitFunction? { byName[name] }
    }

    /// Has the gateway build and try every changed function, and then says whether all went well.
    func send(
        _ plan: PushPlan,
        _ found: inout Found,
        push: String,
        origin: Origin
    ) throws {
        for failure in found.failures { listen(.failed(failure)) }
        var failed = found.failures.compactMap(\.subject)
        for item in plan.changed {
            guard let function = found.function(item.name) else { continue }
            do {
                let bundle = try found.packing.bundle(of: function)
                defer { found.packing.forget(function) }
                try send(bundle, as: item.name, push: push, origin: origin)
            } catch let error as ClientError where error.code != .refused {
                // The gateway is gone, or who pushes: the others would not fare better.
                throw error
            } catch {
                failed.append(item.name.description)
                listen(.failed(PushFailure(subject: item.name.description, error)))
            }
        }
        guard failed.isEmpty else {
            let all = plan.changed.count + found.failures.count
            throw GitDeployError(
                .pushRefused,
                "\(failed.count) of \(all) changed functions failed: "
                    + failed.joined(separator: ", "),
                advice: "nothing was changed: what served before serves on"
            )
        }
    }

    private func send(
        _ bundle: ReadyBundle,
        as name: FunctionName,
        push: String,
        origin: Origin
    ) throws {
        listen(.sending(name, byteCount: bundle.byteCount))
        for note in bundle.notes { listen(.note("\(name): \(note)")) }
        let file = open(bundle.archive, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            throw GitDeployError(.fileSystem, "can't open \(bundle.archive): \(reason)")
        }
        defer { close(file) }
        var hasWaited = false
        func deploy() throws(ClientError) -> DeployEvent {
            if hasWaited { try ask(for: name, push: push, origin: origin) }
            hasWaited = true
            lseek(file, 0, SEEK_SET)
            return try client.deploy(
                name,
                bundle: .descriptor(file, bytes: Int64(bundle.byteCount)),
                push: push,
                origin: origin
            ) { event in
                if !event.step.isLast { listen(.step(name, event)) }
            }
        }
        let last = try waiting(for: .deployInProgress, work: deploy) {
            listen(.note("\(name): waiting: \($0)"))
        }
        listen(.prepared(name, last))
    }

    /// Throws while the function is being deployed by somebody else.
    ///
    /// A bundle may be large: whether its turn has come is asked with an empty one, which is
    /// refused in any case.
    private func ask(
        for name: FunctionName,
        push: String,
        origin: Origin
    ) throws(ClientError) {
        do throws(ClientError) {
            _ = try client.deploy(name, bundle: .bytes([]), push: push, origin: origin) { _ in }
        } catch {
            let code = error.problem?.knownCode
            guard error.code == .refused, code != .deployInProgress, code != .pushNotFound else {
                throw error
            }
        }
    }
}
