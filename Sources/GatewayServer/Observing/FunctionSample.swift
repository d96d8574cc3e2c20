package import Functions

/// A function's counts at one moment.
package struct FunctionSample: Sendable {
    /// Invocations that reached an instance.
    package struct Ended: Sendable {
        package var outcome: Outcome
        package var startKind: StartKind
        package var count: UInt64

        package init(outcome: Outcome, startKind: StartKind, count: UInt64) {
            self.outcome = outcome
            self.startKind = startKind
            self.count = count
        }
    }

    /// How long one phase took.
    package struct Phase: Sendable {
        package var name: String
        /// By the bounds `RouteMetrics.bucketMicros`, each bucket alone.
        package var counts: [UInt64]
        package var sumMicros: UInt64

        package init(name: String, counts: [UInt64], sumMicros: UInt64) {
            self.name = name
            self.counts = counts
            self.sumMicros = sumMicros
        }
    }

    package var function: String
    /// Those that are not zero.
    package var ended: [Ended] = []
    /// By reason, those that are not zero.
    package var rejected: [(reason: String, count: UInt64)] = []
    /// Empty for a function that was never invoked: 80 lines each would be for nothing.
    package var phases: [Phase] = []

    package init(function: String) { self.function = function }

    package init(_ function: String, _ metrics: RouteMetrics) {
        self.init(function: function)
        for outcome in Outcome.allCases {
            for kind in StartKind.allCases {
                let count = metrics.count(outcome, kind)
                guard count > 0 else { continue }
                ended.append(Ended(outcome: outcome, startKind: kind, count: count))
            }
        }
        for reason in RouteMetrics.Rejection.allCases where metrics.count(reason) > 0 {
            rejected.append(("\(reason)", metrics.count(reason)))
        }
        guard !ended.isEmpty else { return }
        phases = RouteMetrics.Phase.allCases.map { phase in
            let snapshot = metrics.histogram(phase).snapshot
            return Phase(
                name: "\(phase)",
                counts: snapshot.counts,
                sumMicros: snapshot.sum
            )
        }
    }

    package init(_ route: Route) { self.init(route.revision.function.description, route.metrics) }
}

extension MetricsText {
    /// Upper bounds of the phases' buckets in seconds.
    private static let phaseSeconds = RouteMetrics.bucketMicros.map { Double($0) / 1e6 }

    func write(functions text: inout PrometheusText) {
        text.begin(
            "faas_invocations_total",
            .counter,
            "Invocations that reached an instance, by how they ended and got it."
        )
        for function in functions {
            for ended in function.ended {
                text.sample(
                    [
                        "function": function.function, "outcome": ended.outcome.rawValue,
                        "start_kind": ended.startKind.rawValue,
                    ],
                    Double(ended.count)
                )
            }
        }
        text.begin(
            "faas_rejections_total",
            .counter,
            "Invocations that never reached an instance, by reason."
        )
        for function in functions {
            for (reason, count) in function.rejected {
                text.sample(["function": function.function, "reason": reason], Double(count))
            }
        }
        text.begin(
            "faas_invocation_seconds",
            .histogram,
            "Time of invocations: waiting, until an instance was ready, running, and in all."
        )
        for function in functions {
            for phase in function.phases {
                text.histogram(
                    ["function": function.function, "phase": phase.name],
                    bounds: Self.phaseSeconds,
                    counts: phase.counts,
                    sum: Double(phase.sumMicros) / 1e6
                )
            }
        }
    }
}
