import Functions
package import Pooling

/// A pool's numbers at one moment.
package struct PoolSample: Sendable {
    package var function: String
    /// The revision's number.
    package var revision: Int
    /// Instances by state.
    package var instances: [(state: String, count: Int)]
    package var leases: Int
    package var waiting: Int
    /// The state of the zygote.
    package var zygote: String

    package init(
        function: String,
        revision: Int,
        instances: [(state: String, count: Int)],
        leases: Int,
        waiting: Int,
        zygote: String
    ) {
        self.function = function
        self.revision = revision
        self.instances = instances
        self.leases = leases
        self.waiting = waiting
        self.zygote = zygote
    }

    package init(_ pool: Pool) {
        let snapshot = pool.snapshot
        self.init(
            function: pool.revision.function.description,
            revision: pool.revision.number,
            instances: [
                ("starting", snapshot.starting), ("idle", snapshot.idle), ("busy", snapshot.busy),
                ("draining", snapshot.draining), ("stopping", snapshot.stopping),
            ],
            leases: snapshot.leases,
            waiting: snapshot.waiting,
            zygote: snapshot.zygote.rawValue
        )
    }
}

extension MetricsText {
    func write(pools text: inout PrometheusText) {
        text.begin("faas_instances", .gauge, "Instances by state.")
        for pool in pools {
            for (state, count) in pool.instances {
                text.sample(
                    ["function": pool.function, "revision": "\(pool.revision)", "state": state],
                    Double(count)
                )
            }
        }
        text.begin("faas_leases", .gauge, "Invocations that have an instance now.")
        for pool in pools { text.sample(pool.labels, Double(pool.leases)) }
        text.begin("faas_waiting_invocations", .gauge, "Invocations in the queue.")
        for pool in pools { text.sample(pool.labels, Double(pool.waiting)) }
        text.begin("faas_zygotes", .gauge, "Zygotes by state, which each pool has one of.")
        for pool in pools {
            text.sample(
                ["function": pool.function, "revision": "\(pool.revision)", "state": pool.zygote],
                1
            )
        }
    }
}

extension PoolSample {
    fileprivate var labels: PrometheusText.Labels {
        ["function": function, "revision": "\(revision)"]
    }
}
