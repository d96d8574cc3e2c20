package import Functions

/// The `function.yaml` that a new function begins with.
package enum ManifestTemplate {
    /// Says everything that a first function sets, with the defaults as comments.
    package static func text(name: FunctionName) -> String {
        """
        name: \(name)
        runtime: python3
        limits: { memory: 256Mi, cpu: 1 }
        timeout: { total: 30s }

        # What else may stand here, with its default:
        # limits: { gpu: { memory: 4Gi }, processes: 64, payload: 6Mi }     # no GPU by default
        # timeout: { firstByte: 30s, idle: 10s }
        # scale: { min: 0, max: 8, concurrency: 1, keepAlive: 60s, queue: 256 }
        # batch: { size: 16, wait: 5ms }                                    # off by default
        # triggers:                                                         # HTTP alone by default
        #   - queue: { name: \(name)-input, attempts: 5, backoff: 1s..5m }
        #   - schedule: { cron: "*/5 * * * *", zone: UTC, input: {} }
        # rollout: { canary: 5%, steps: [25%, 100%], every: 2m, maxErrorRate: 1%, maxLatency: 1.5x }
        # probe: { every: 5m }                                              # with sample.json
        # model: { source: "https://HOST/FILE", sha256: DIGEST }            # in FAAS_MODEL
        # env: { KEY: value }
        # network: none
        # isolation: zygote           # zygote, instance

        """
    }
}
