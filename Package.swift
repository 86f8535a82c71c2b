// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

// Fuzz targets build only with libFuzzer, so they are declared only where it is asked for (`make fuzz`).
let fuzzTargets: [Target] =
    Context.environment["KUBECHAINS_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "FuzzSnapshot", dependencies: ["ServiceChains", "Netfilter", "KubeSnapshot", "NetAddress"],
            path: "Tests/FuzzSnapshot", exclude: ["seeds.py", "snapshot.dict"],
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
        .executableTarget(
            name: "FuzzRuleset", dependencies: ["Netfilter", "NetAddress"], path: "Tests/FuzzRuleset",
            exclude: ["ruleset.dict", "seeds.py"],
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
    ]

// Arrows point down: a target knows only those above it in this list.
let package = Package(
    name: "kubechains",
    products: [
        .library(name: "KubeChains", targets: ["ServiceChains", "Netfilter", "KubeSnapshot", "NetAddress"]),
        .executable(name: "kubechains", targets: ["CommandLineTool"]),
    ],
    targets: [
        .target(name: "NetAddress", swiftSettings: settings),
        .target(name: "KubeSnapshot", dependencies: ["NetAddress"], swiftSettings: settings),
        .target(name: "Netfilter", dependencies: ["NetAddress"], swiftSettings: settings),
        .target(
            name: "ServiceChains", dependencies: ["Netfilter", "KubeSnapshot", "NetAddress"], swiftSettings: settings),
        // The work is done in the libraries; what the tool itself does is once for each run, and better small.
        .executableTarget(
            name: "CommandLineTool", dependencies: ["ServiceChains", "Netfilter", "KubeSnapshot", "NetAddress"],
            swiftSettings: settings + [.unsafeFlags(["-Osize"], .when(configuration: .release))]),
        .executableTarget(
            name: "Benchmarks", dependencies: ["Netfilter"], exclude: ["Compared"], swiftSettings: settings),
        // Random clusters and an independent model of kube-proxy's rules to hold the product against; it knows none of the above.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(name: "NetAddressTests", dependencies: ["NetAddress"], swiftSettings: settings),
        .testTarget(name: "NetfilterTests", dependencies: ["Netfilter", "NetAddress"], swiftSettings: settings),
        .testTarget(
            name: "KubeSnapshotTests", dependencies: ["KubeSnapshot", "NetAddress", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "ServiceChainsTests",
            dependencies: [
                "CommandLineTool", "ServiceChains", "Netfilter", "KubeSnapshot", "NetAddress", "TestSupport",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CommandLineTests", dependencies: ["CommandLineTool", "TestSupport"], exclude: ["Support"],
            swiftSettings: settings),
    ] + fuzzTargets
)
