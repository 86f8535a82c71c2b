// swift-tools-version: 6.2
import PackageDescription

// A package that uses the library as its users do: what README shows is built and run by the tests.
let package = Package(
    name: "LibraryUser",
    dependencies: [.package(name: "kubechains", path: "../..")],
    targets: ["LibraryUser", "FromValues", "Reports"].map { name in
        .executableTarget(name: name, dependencies: [.product(name: "KubeChains", package: "kubechains")])
    }
)
