import Functions
import GatewayAPI
import Instances
import NIOConcurrencyHelpers
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
    init(
        _ route: Route,
        traffic: Traffic,
        failure: String?,
        report: Storage.LoadReport?
    ) {
        let counts = PoolCounts(route.pool.snapshot)
        let state = FunctionState(counts, hasFailed: route.pool.lastFailure != nil)
        self.init(
            revision: route.revision,
            origin: route.origin,
            traffic: traffic,
            failure: failure,
            state: failure == nil ? state : .failed,
            runtime: report.map(RuntimeFacts.init),
            pool: counts,
            url: Routes.invoke(route.revision.function)
        )
    }

    /// Of a revision that takes no traffic yet.
    init(_ prepared: Prepared) {
        let counts = PoolCounts(prepared.pool.snapshot)
        self.init(
            revision: prepared.revision,
            origin: prepared.origin,
            traffic: Traffic(whole: prepared.revision.number),
            state: FunctionState(counts, hasFailed: false),
            runtime: RuntimeFacts(prepared.report),
            pool: counts,
            url: Routes.invoke(prepared.revision.function)
        )
    }
}

extension Deployer {
    /// A function's primary revision, or another of its traffic; nil when it is not in service.
    func description(
        of name: FunctionName,
        number: Int? = nil,
        report: Storage.LoadReport?
    ) -> FunctionDescription? {
        guard let split = dispatcher.split(name.description) else { return nil }
        var description = FunctionDescription(
            number.flatMap { split.route(number: $0) } ?? split.primary,
            traffic: split.traffic,
            failure: live.withLockedValue { $0[name]?.failure },
            report: report
        )
        // The steps are the candidate's to say.
        if let candidate = split.traffic.rollout.flatMap({ split.route(number: $0.candidate) }) {
            description.rollout = candidate.revision.manifest.rollout
        }
        return description
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
