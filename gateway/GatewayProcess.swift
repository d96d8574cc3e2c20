import ArgumentParser
import Brokers
import Devices
import FoundationEssentials
import Functions
import GatewayAPI
import GatewayServer
import GitServer
import Glibc
import Hummingbird
import HummingbirdCore
import Instances
import Logging
import NIOCore
import NIOPosix
import OCIInstances
import Packaging
import Pooling
import Scheduling
import ServiceLifecycle
import Storage
import Triggers
import UnixSignals
import Weights

/// Wires everything and runs it: the only place where concrete types meet.
enum GatewayProcess {
    static func run(_ settings: GatewaySettings) async throws {
        let logger = Logger(label: "gateway")
        signal(SIGPIPE, SIG_IGN)
        raiseFileLimit()
        let signals = await StopSignals.trap()
        let lock = try DataLock(folder: settings.dataFolder)
        defer { lock.release() }
        try ListenCheck.run(host: settings.host, port: settings.port)

        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.loops)
        let threads = NIOThreadPool(numberOfThreads: threadCount)
        threads.start()
        // Of their own: what waits for git's clients holds up nothing else.
        let gitThreads = NIOThreadPool(numberOfThreads: GitServerLimits.processesMax)
        gitThreads.start()
        let logs = FunctionLogs(folder: "\(settings.dataFolder)/logs", logger: logger)
        let ledger = try Ledger(
            path: "\(settings.dataFolder)/billing.sqlite",
            settings: settings.ledger
        )
        let registry = try Registry(path: "\(settings.dataFolder)/registry.sqlite")
        let dispatcher = try Dispatcher(
            configuration: settings.gateway,
            ledger: ledger,
            logs: logs,
            loops: Array(group.makeIterator()),
            logger: logger
        )

        let oci = try OCIConfiguration(settings: settings)
        let layers = try LayerBuilder(
            configuration: oci,
            environment: ProcessInfo.processInfo.environment
        )
        let driver = try OCIDriver(
            configuration: oci,
            group: group,
            threads: threads
        ) { revision, instance, level, text in
            logs.append(revision, invocation: nil, instance: instance, level: level, text: text)
        }
        try await driver.reclaim()
        signals.whenAsked { layers.drain() }
        do {
            try await prepareRuntime(layers, oci: oci, settings: settings, logger: logger)
        } catch {
            guard signals.isAsked else { throw error }
            await layers.close()
            return try await driver.reclaim()
        }

        let inventory = await NVML.open(
            library: settings.nvmlLibrary ?? NVML.libraryDefault
        ).inventory()
        let deploySetting = Deployer.Setting(
            dataFolder: settings.dataFolder,
            pythonVersion: HostPython.version(oci.python),
            platform: HostPython.platform,
            loadMillisMax: settings.gateway.loadMillisMax,
            probationMillis: settings.gateway.probationMillis,
            cleanupMillis: settings.gateway.cleanupMillis
        )
        let queues = try QueueStore(
            path: "\(settings.dataFolder)/queue.sqlite",
            synchronous: settings.ledger.synchronous
        )
        // Of their own: slow receivers hold up nobody else.
        var callbackLimits = CallbackLimits()
        callbackLimits.postsMax = postingThreadCount
        let postingThreads = NIOThreadPool(numberOfThreads: postingThreadCount)
        postingThreads.start()
        let poster = CallbackPoster(
            secret: try CallbackPoster.secret(atPath: "\(settings.dataFolder)/callback.key"),
            source: "",
            threads: postingThreads,
            logger: logger,
            limits: callbackLimits
        )
        let engine = try QueueEngine(
            store: queues,
            ledger: ledger,
            invoker: dispatcher,
            post: { poster.post($0, done: $1) },
            limits: settings.triggers,
            logger: logger,
            makeID: { dispatcher.makeID(acceptedAtMicros: $0) }
        )
        let brokers = BrokerHost(
            engine: engine,
            invoker: dispatcher,
            logger: logger,
            drivers: { kind throws(BrokerError) in
                guard let driver = BrokerDrivers.driver(for: kind) else {
                    throw BrokerDrivers.unsupported(kind)
                }
                return driver
            }
        )
        let weights = WeightStore(dataFolder: settings.dataFolder)
        let scheduler = Scheduler(
            driver: driver,
            gpus: inventory.gpus.isEmpty ? nil : GPUs(inventory),
            limits: Scheduler.Limits(memoryMiB: settings.memoryMiB),
            logger: logger,
            clock: Clock.monotonicNanos
        ) { revision throws(InstanceError) in
            try Deployer.plan(revision, setting: deploySetting, layers: layers, weights: weights)
        }
        let deployer = Deployer(
            setting: deploySetting,
            dispatcher: dispatcher,
            scheduler: scheduler,
            registry: registry,
            layers: layers,
            weights: weights,
            triggers: TriggerHost(engine: engine, brokers: brokers, threads: threads),
            threads: threads,
            loop: group.next(),
            logger: logger
        )
        try await deployer.restore()

        let ownKeys = OwnKeys(accounts: settings.gateway.keys.map(\.account))
        let authorizer = Authorizer(keys: settings.gateway.keys + ownKeys.apiKeys)
        let git = try gitRoutes(
            settings,
            authorizer: authorizer,
            ownKeys: ownKeys,
            registry: registry,
            group: group,
            threads: threads,
            processThreads: gitThreads,
            logger: logger
        )
        let gpus = scheduler.gpus
        let inspector = NodeInspector(
            version: GatewayVersion.text,
            dataFolder: settings.dataFolder,
            runtime: oci.ociRuntime
        )
        let triggerRoutes = TriggerRoutes(
            engine: engine,
            brokers: brokers,
            dispatcher: dispatcher,
            ledger: ledger,
            authorizer: authorizer,
            threads: threads
        )
        let isReady = Readiness()
        let routes = ManagementRoutes(
            deployer: deployer,
            dispatcher: dispatcher,
            scheduler: scheduler,
            ledger: ledger,
            authorizer: authorizer,
            threads: threads,
            version: GatewayVersion.text,
            inspect: {
                try await inspector.report(on: threads, inventory: inventory) {
                    gpus?.reservedMiB(on: $0) ?? 0
                }
            },
            metrics: {
                var text = metrics(dispatcher, scheduler, inventory)
                text.queues = QueueSample(await triggerRoutes.samples())
                return text.render()
            },
            isReady: { isReady.value }
        )
        let buildGuard = BuildGuard(layers: layers)
        let router = routes.router { keyed in
            triggerRoutes.add(to: keyed)
            git?.add(to: keyed)
        }
        git?.addTransport(to: router)
        let application = Application(
            router: router,
            server: .init { responder in
                InvocationChannel(
                    dispatcher: dispatcher,
                    authorizer: authorizer,
                    refuses: { buildGuard.refuses($0) },
                    responder: responder
                )
            },
            configuration: .init(
                address: .hostname(settings.host, port: settings.port),
                backlog: backlog
            ),
            onServerRunning: { channel in
                logger.info(
                    "serving",
                    metadata: ["address": "\(channel.localAddress?.description ?? "")"]
                )
                let address = channel.localAddress
                if let git { Task { await git.began(at: address) } }
            },
            eventLoopGroupProvider: .shared(group),
            logger: quiet(logger)
        )
        let beginStop: @Sendable () -> Void = {
            isReady.end()
            scheduler.close()
            weights.close()
            layers.drain()
            engine.drain()
            brokers.drain()
            logs.endFollowers()
        }
        let drainMax = Duration.milliseconds(settings.gateway.drainMillisMax)
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(service: application),
                .init(service: Ticking(scheduler: scheduler, deployer: deployer)),
            ],
            logger: quiet(logger)
        )
        configuration.maximumGracefulShutdownDuration = drainMax
        let services = ServiceGroup(configuration: configuration)
        let serving = Task { try await services.run() }
        let limit = DrainLimit(drainMax) {
            for pool in scheduler.pools { pool.stopInstances() }
        }
        signals.whenAsked {
            beginStop()
            limit.begin()
            Task { await services.triggerGracefulShutdown() }
        }
        // Who asks again waits no longer.
        signals.whenAsked(times: 2) {
            serving.cancel()
            limit.end()
        }
        var failure: (any Error)?
        do { try await serving.value } catch {
            if !signals.isAsked { failure = error }
        }

        // Where it could not serve, nobody has asked.
        beginStop()
        limit.begin()
        await stop(scheduler: scheduler, logger: logger)
        limit.cancel()
        brokers.close()
        poster.stop()
        try await postingThreads.shutdownGracefully()
        engine.close()
        dispatcher.close()
        logs.close()
        await layers.close()
        try await driver.reclaim()
        try queues.close()
        try ledger.close()
        try registry.close()
        try await gitThreads.shutdownGracefully()
        try await threads.shutdownGracefully()
        try await group.shutdownGracefully()
        if let failure {
            try ListenCheck.run(host: settings.host, port: settings.port)
            throw failure
        }
    }

    private static func metrics(
        _ dispatcher: Dispatcher,
        _ scheduler: Scheduler,
        _ inventory: Inventory
    ) -> MetricsText {
        var text = MetricsText(version: GatewayVersion.text)
        text.functions = dispatcher.allSplits.map { FunctionSample($0.primary) }
        text.pools = scheduler.pools.map { PoolSample($0) }
        (text.memoryHeldMiB, text.memoryBudgetMiB) = scheduler.memory
        text.gpus = inventory.reports { scheduler.gpus?.reservedMiB(on: $0) ?? 0 }
        text.process = ProcessUsage.read()
        text.lostLogLines = dispatcher.logs.lostLines
        text.ledger = dispatcher.ledgerMetrics
        return text
    }

    /// The zygotes end with the gateway anyway; this leaves nothing to reclaim.
    private static func stop(
        scheduler: Scheduler,
        logger: Logger
    ) async {
        logger.info("stopping", metadata: ["pools": "\(scheduler.pools.count)"])
        await withTaskGroup(of: Void.self) { group in
            for pool in scheduler.pools {
                group.addTask { await scheduler.retire(pool, rejectingWaiting: true) }
            }
        }
    }

    /// What the Python runtime itself requires, as a layer, installed at the first start.
    private static func prepareRuntime(
        _ layers: LayerBuilder,
        oci: OCIConfiguration,
        settings: GatewaySettings,
        logger: Logger
    ) async throws {
        try await layers.prepare()
        let order = try RuntimeLayer.order(settings: settings, python: oci.python)
        guard !layers.exists(order.digest) else { return }
        logger.info("installing what the Python runtime requires")
        try await layers.build(order) { step in
            guard case .line(let line) = step else { return }
            logger.debug("installing", metadata: ["line": "\(line)"])
        }
    }

    /// The server's own lines are of use to who looks for a fault in it only.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = .warning
        return logger
    }

    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Threads for calls that block for a moment: the OCI runtime, forks, databases, files.
    ///
    /// What waits for others has threads of its own: installs, weights, git, callbacks.
    private static let threadCount = 16
    /// Callbacks that are posted at once.
    private static let postingThreadCount = 4
    private static let backlog = 1024
}

extension OwnKeys {
    fileprivate var apiKeys: [GatewayServer.APIKey] {
        all.map { account, key in
            GatewayServer.APIKey(
                account: account,
                digest: SHA256.hexadecimal(of: Array(key.utf8))
            )
        }
    }
}
