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
        .executableTarget(
            name: "CommandLineTool", dependencies: ["ServiceChains", "Netfilter", "KubeSnapshot", "NetAddress"],
            swiftSettings: settings),
    ]
)
