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

// The work is done in the libraries; what the tool itself and its calls of the host do is once for each run, and better small.
let smaller: [SwiftSetting] = [.unsafeFlags(["-Osize"], .when(configuration: .release))]

// Fuzz targets build only with libFuzzer, so they are declared only where it is asked for (`make fuzz`).
let fuzzTargets: [Target] =
    Context.environment["KUBECHAINS_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "FuzzSnapshot", dependencies: ["KubeChains", "KubeChainsBytes"],
            path: "Tests/FuzzSnapshot", exclude: ["seeds.py", "snapshot.dict"],
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
        .executableTarget(
            name: "FuzzRuleset", dependencies: ["Iptables", "KubeChainsBytes", "NetAddress"], path: "Tests/FuzzRuleset",
            exclude: ["ruleset.dict", "seeds.py"],
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
        .executableTarget(
            name: "FuzzNftText", dependencies: ["KubeChainsBytes", "Nftables"], path: "Tests/FuzzNftText",
            exclude: ["nft.dict", "seeds.py"],
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
        .executableTarget(
            name: "FuzzNftJSON", dependencies: ["KubeChainsBytes", "Nftables"], path: "Tests/FuzzNftJSON",
            exclude: ["nft-json.dict", "seeds.py"],
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
    ]

// Each target imports only targets above it. Names that another package could have too begin with KubeChains.
let package = Package(
    name: "kubechains",
    products: [
        .library(name: "KubeChains", targets: ["KubeChains"]),
        .executable(name: "kubechains", targets: ["CommandLineTool"]),
    ],
    targets: [
        .target(name: "KubeChainsBytes", path: "Sources/Bytes", swiftSettings: settings),
        .target(name: "NetAddress", dependencies: ["KubeChainsBytes"], swiftSettings: settings),
        .target(
            name: "KubeChainsJSON", dependencies: ["KubeChainsBytes"], path: "Sources/JSON", swiftSettings: settings),
        .target(
            name: "KubeObjects", dependencies: ["KubeChainsJSON", "NetAddress", "KubeChainsBytes"],
            swiftSettings: settings),
        .target(name: "Conntrack", dependencies: ["NetAddress", "KubeChainsBytes"], swiftSettings: settings),
        .target(name: "Iptables", dependencies: ["NetAddress", "KubeChainsBytes"], swiftSettings: settings),
        .target(
            name: "Nftables", dependencies: ["Iptables", "KubeChainsJSON", "NetAddress", "KubeChainsBytes"],
            swiftSettings: settings),
        .target(
            name: "KubeProxy",
            dependencies: [
                "Conntrack", "Iptables", "Nftables", "KubeObjects", "KubeChainsJSON", "NetAddress", "KubeChainsBytes",
            ],
            swiftSettings: settings),
        .target(
            name: "KubeChainsHost",
            dependencies: ["KubeProxy", "Conntrack", "Iptables", "Nftables", "NetAddress", "KubeChainsBytes"],
            path: "Sources/Host",
            swiftSettings: settings + smaller),
        .target(
            name: "KubeChains",
            dependencies: [
                "KubeProxy", "Conntrack", "Iptables", "Nftables", "KubeObjects", "KubeChainsJSON", "NetAddress",
                "KubeChainsBytes",
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "CommandLineTool",
            dependencies: [
                "KubeChains", "KubeChainsHost", "KubeProxy", "Conntrack", "Iptables", "Nftables", "KubeObjects",
                "KubeChainsJSON", "NetAddress", "KubeChainsBytes",
            ],
            exclude: ["left-out.ld"],
            swiftSettings: settings + smaller),
        .executableTarget(
            name: "Benchmarks", dependencies: ["KubeChainsBytes"], exclude: ["Compared", "README.md"],
            swiftSettings: settings),
        // Random clusters and an independent model of kube-proxy's rules; it knows nothing of the product.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(name: "NetAddressTests", dependencies: ["NetAddress"], swiftSettings: settings),
        .testTarget(name: "ConntrackTests", dependencies: ["Conntrack", "NetAddress"], swiftSettings: settings),
        .testTarget(
            name: "IptablesTests", dependencies: ["Iptables", "NetAddress", "KubeChainsBytes", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "NftablesTests",
            dependencies: ["Nftables", "Iptables", "NetAddress", "KubeChainsBytes", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "KubeObjectsTests",
            dependencies: ["KubeObjects", "KubeChainsJSON", "NetAddress", "KubeChainsBytes", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "KubeProxyTests",
            dependencies: [
                "CommandLineTool", "KubeChains", "KubeProxy", "Iptables", "Nftables", "KubeObjects", "KubeChainsJSON",
                "NetAddress", "KubeChainsBytes", "TestSupport",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "HostTests", dependencies: ["KubeChainsHost", "KubeProxy"], swiftSettings: settings),
        .testTarget(
            name: "CommandLineTests", dependencies: ["CommandLineTool", "KubeChains", "TestSupport"],
            exclude: ["Support"],
            swiftSettings: settings),
    ] + fuzzTargets
)

// What a debug build optimises, if it is asked for (see the Makefile): `all` but the tests, or `some`, which is where tests
// spend most of their time. Never unasked: a package with such flags cannot be depended on.
let optimized = Context.environment["KUBECHAINS_OPTIMIZED"] ?? ""
for target in package.targets
where optimized == "all" && target.type != .test
    || optimized == "some" && ["KubeChainsBytes", "KubeChainsJSON", "NetAddress"].contains(target.name)
{
    target.swiftSettings! += [.unsafeFlags(["-O"], .when(configuration: .debug))]
}
