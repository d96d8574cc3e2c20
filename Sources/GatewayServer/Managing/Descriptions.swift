import Functions
import GatewayAPI
import Instances
import Pooling
import Storage

extension RuntimeFacts {
    init(_ report: Storage.LoadReport) {
        let schema = try? JSONCoding.decode(HandlerSchema.self, from: Array(report.schema.utf8))
        self.init(
            handlerKind: HandlerKind(rawValue: report.handlerKind) ?? .predict,
            schema: schema,
            streamsInput: report.streamsInput,
            hasAttach: report.hasAttach,
            threads: report.threads,
            forkable: report.isForkable,
            forkableReason: report.notForkableReason,
            importMicros: report.importMicros,
            loadMicros: report.loadMicros,
            zygoteMemoryBytes: report.memoryBytes
        )
    }
}

extension Storage.LoadReport {
    /// What loading found, and that a forked instance has answered.
    init(_ report: Instances.LoadReport, zygoteMemoryMiB: Int) {
        self.init(
            handlerKind: report.handlerKind,
            schema: report.schema,
            streamsInput: report.streamsInput,
            hasAttach: report.hasAttach,
            threads: report.threads,
            modules: report.modules,
            importMicros: Int64(report.importMicros),
            loadMicros: Int64(report.loadMicros),
            memoryBytes: Int64(zygoteMemoryMiB) << 20,
            isForkable: true
        )
    }
}

extension FunctionDescription {
    init(revision: Revision, pool: Pool, facts: RuntimeFacts?) {
        let counts = PoolCounts(pool.snapshot)
        self.init(
            revision: revision,
            state: FunctionState(counts, hasFailed: pool.lastFailure != nil),
            runtime: facts,
            pool: counts,
            url: Routes.invoke(revision.function)
        )
    }
}

extension FunctionState {
    init(_ counts: PoolCounts, hasFailed: Bool) {
        if counts.idle + counts.busy > 0 {
            self = .warm
        } else if counts.starting > 0 || counts.zygote == .starting {
            self = .starting
        } else {
            self = hasFailed ? .failing : .zero
        }
    }
}

extension PoolCounts {
    init(_ snapshot: PoolSnapshot) {
        let zygote: GatewayAPI.ZygoteState =
            switch snapshot.zygote {
            case .unused: .unused
            case .absent, .closing: .absent
            case .opening: .starting
            case .ready: .ready
            }
        self.init(
            idle: snapshot.idle,
            busy: snapshot.busy + snapshot.draining,
            starting: snapshot.starting,
            waiting: snapshot.waiting,
            zygote: zygote
        )
    }
}
