// swift-tools-version:6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// The language's runtime inside the program: a call of `swift_retain` is then a call, without a
/// table between, and the program runs where no Swift is installed.
let staticRuntime: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-stdlib"]
            + [
                "Foundation", "FoundationInternationalization", "FoundationEssentials",
                "CoreFoundation", "_FoundationICU", "_FoundationCShims", "_FoundationCollections",
                "dispatch", "BlocksRuntime", "stdc++",
            ].map { "-l\($0)" },
        .when(configuration: .release)
    )
]

/// A library of ours under `Sources/NAME`, with what it may import: the arrows of the design.
func module(
    _ name: String,
    _ dependencies: [Target.Dependency] = [],
    exclude: [String] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func tests(
    _ name: String,
    _ dependencies: [Target.Dependency] = [],
    exclude: [String] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.target(name: name), "TestSupport"] + dependencies,
        path: "Tests/\(name)Tests",
        exclude: exclude,
        swiftSettings: strict
    )
}

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioConcurrency = Target.Dependency.product(
    name: "NIOConcurrencyHelpers",
    package: "swift-nio"
)
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle",
    package: "swift-service-lifecycle"
)
let signals = Target.Dependency.product(
    name: "UnixSignals",
    package: "swift-service-lifecycle"
)
let arguments = Target.Dependency.product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)
/// Each driver is built where its library is asked for: `gateway/flags` finds which are there.
let brokerLibraries: [Target.Dependency] = [
    .target(name: "CNATS", condition: .when(traits: ["NATS"])),
    .target(name: "CHiredis", condition: .when(traits: ["Redis"])),
    .target(name: "CRabbitMQ", condition: .when(traits: ["AMQP"])),
]
let hummingbird: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
    .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
]

let package = Package(
    name: "faas",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "faas", targets: ["CLI"]),
        .executable(name: "gateway", targets: ["Gateway"]),
    ],
    traits: [
        .trait(name: "NATS", description: "Queues of NATS JetStream; needs libnats-dev."),
        .trait(name: "Redis", description: "Queues of Redis Streams; needs libhiredis-dev."),
        .trait(name: "AMQP", description: "Queues of AMQP 0-9-1; needs librabbitmq-dev."),
    ],
    dependencies: [
        .package(
            url: "https://github.com/hummingbird-project/hummingbird",
            from: "2.28.1",
            traits: []
        ),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CCrypto",
            pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"])]
        ),
        .systemLibrary(
            name: "CCurl",
            pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]
        ),
        .systemLibrary(
            name: "CSeccomp",
            pkgConfig: "libseccomp",
            providers: [.apt(["libseccomp-dev"])]
        ),
        .systemLibrary(
            name: "CNATS",
            pkgConfig: "libnats",
            providers: [.apt(["libnats-dev"])]
        ),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(
            name: "CRabbitMQ",
            pkgConfig: "librabbitmq",
            providers: [.apt(["librabbitmq-dev"])]
        ),
        .target(name: "CLinux"),
        .target(name: "CNVML"),
        .target(name: "CCurlShim", dependencies: ["CCurl"]),

        module("Functions"),
        module("Packaging", ["Functions", "CCrypto", yams]),
        module("RuntimeProtocol", ["Functions", nioCore]),
        module("Instances", ["Functions", "RuntimeProtocol", nioCore]),
        module(
            "OCIInstances",
            [
                "Functions", "RuntimeProtocol", "Instances", "CLinux", "CSeccomp", nioCore,
                nioPosix, logging,
            ]
        ),
        module("Hosts", ["GatewayAPI"]),
        module("Devices", ["Hosts", "CNVML", yams]),
        module("Pooling", ["Functions", "Instances", nioConcurrency]),
        module(
            "Scheduling",
            ["Functions", "Instances", "Pooling", "Devices", nioConcurrency, logging]
        ),
        module("Billing", ["Functions"]),
        module(
            "Storage",
            ["Functions", "Billing", "CLinux", grdb, sqlite],
            exclude: ["LEDGER.md"]
        ),
        module("Rollouts", ["Functions"]),
        module("GatewayAPI", ["Functions"]),
        module(
            "GatewayServer",
            [
                "Functions", "Packaging", "RuntimeProtocol", "Instances", "Pooling",
                "Scheduling", "Devices", "Hosts", "Billing", "Storage", "Rollouts", "Weights",
                "GatewayAPI", nioCore, nioPosix, nioHTTP1, nioConcurrency, logging, lifecycle,
            ] + hummingbird
        ),
        module(
            "Triggers",
            [
                "Functions", "Billing", "Storage", "GatewayAPI", "GatewayServer", "Outbound",
                "CCrypto", "CCurlShim", nioCore, nioPosix, nioConcurrency, logging,
            ] + hummingbird
        ),
        module(
            "Brokers",
            ["Functions", "Triggers", "CCurlShim"] + brokerLibraries,
            exclude: ["BROKERS.md"]
        ),
        module(
            "GitServer",
            [
                "Functions", "GatewayAPI", "GitDeploys", "CLinux", nioCore, nioPosix,
                nioConcurrency, logging,
            ] + hummingbird
        ),
        module("GatewayClient", ["Functions", "GatewayAPI", "CCurlShim"]),
        module("Outbound", ["CCurlShim"]),
        module("Weights", ["Functions", "Packaging", "Outbound", "CCurlShim"]),
        module(
            "GitDeploys",
            ["Functions", "Packaging", "GatewayAPI", "GatewayClient", "CLinux"]
        ),
        .executableTarget(
            name: "CLI",
            dependencies: [
                "Functions", "Packaging", "Hosts", "GatewayAPI", "GatewayClient", "GitDeploys",
                arguments,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "Gateway",
            dependencies: [
                "Functions", "Packaging", "RuntimeProtocol", "Instances", "OCIInstances", "CLinux",
                "Devices", "Pooling", "Scheduling", "Billing", "Storage", "GatewayAPI",
                "GatewayServer", "Triggers", "Brokers", "Weights",
                "GitServer", nioCore, nioPosix, logging, lifecycle,
                signals, arguments, yams,
            ] + hummingbird,
            path: "gateway",
            exclude: ["run", "flags", "openapi.yaml"],
            swiftSettings: strict,
            linkerSettings: staticRuntime
        ),

        .target(
            name: "TestSupport",
            dependencies: ["CLinux", "Instances"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        tests("Billing", ["Functions"]),
        tests(
            "CLI",
            ["Functions", "GatewayAPI", "GatewayClient", "GitDeploys"],
            exclude: ["canned_gateway.py", "canned_answers.py"]
        ),
        tests("Devices", ["Hosts"]),
        tests("Hosts", ["GatewayAPI"]),
        tests("Functions"),
        tests("Rollouts", ["Functions"]),
        tests(
            "GatewayServer",
            [
                "Functions", "GatewayAPI", "Devices", "RuntimeProtocol", "Instances", "Packaging",
                "Pooling", "Storage", "Billing", nioCore, nioPosix, nioHTTP1, nioEmbedded, logging,
            ] + hummingbird
        ),
        tests(
            "OCIInstances",
            ["Functions", "Instances", "RuntimeProtocol", nioCore, nioPosix, nioEmbedded]
        ),
        tests(
            "Triggers",
            [
                "Functions", "Billing", "Storage", "GatewayAPI", "GatewayServer", "CCrypto",
                nioCore, nioPosix, nioConcurrency, logging, grdb,
            ]
        ),
        tests("Brokers", ["Functions", "Triggers"] + brokerLibraries),
        tests("RuntimeProtocol", ["Functions", nioCore]),
        tests("GitDeploys", ["Functions"]),
        tests("GitServer", ["Functions"]),
        tests("Weights", ["Functions"], exclude: ["weights_server.py"]),
        tests("GatewayAPI", ["Functions", yams]),
        tests("Packaging", ["Functions"]),
        tests("Pooling", ["Functions"]),
        tests(
            "Scheduling",
            ["Functions", "Instances", "Pooling", "Devices", "RuntimeProtocol", logging]
        ),
        tests("Storage", ["Functions", "Billing", "LedgerBenchmark", grdb]),
        .executableTarget(
            name: "LedgerBenchmark",
            dependencies: ["Functions", "Billing", "Storage"],
            path: "Tests/Benchmarks/LedgerBenchmark",
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6]
)
