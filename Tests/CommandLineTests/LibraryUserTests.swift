import Foundation
import TestSupport
import Testing

/// What users of the library write is compiled: README's program, and one that makes a cluster from values.
@Suite struct LibraryUserTests {
    private static let folder = "\(Package.root)/Tests/LibraryUser"
    private static let programs = ["LibraryUser", "FromValues", "Reports"]

    private static func source(_ program: String) -> String { "\(folder)/Sources/\(program)/main.swift" }

    /// What is compiled here is what README shows.
    @Test func programIsTheOneInREADME() throws {
        let readme = try String(contentsOfFile: "\(Package.root)/README.md", encoding: .utf8)
        let program = try String(contentsOfFile: Self.source("LibraryUser"), encoding: .utf8)
        #expect(readme.contains("```swift\n\(program)```"))
    }

    /// `import KubeChains` alone is enough, with what is public.
    @Test(arguments: programs)
    func typeChecks(_ program: String) throws {
        let modules = Tool.url.deletingLastPathComponent().appendingPathComponent("Modules").path
        let result = try Tool.shell(
            "exec swiftc -typecheck -swift-version 6 -I \"$1\" \"$2\"", [modules, Self.source(program)])
        #expect(result.ending == .exit(0), "\(result.errorText)")
    }

    /// The package builds as a dependency, and its programs print what the tool prints.
    @Test(.enabled(if: TestSize.current.isFull, "a second build of the library; make test TESTS=full runs it"))
    func buildsAndRuns() throws {
        let scratch = "\(Package.root)/.build-library-user"
        let build = try Program(
            executable: "/bin/sh",
            arguments: [
                "-c",
                "exec swift build -j 2 --disable-index-store -debug-info-format none --package-path \"$1\" --scratch-path \"$2\"",
                "sh", Self.folder, scratch,
            ],
            environment: ["HOME": NSHomeDirectory()], secondsAllowed: 1200
        ).run()
        #expect(build.ending == .exit(0), "\(build.outputText)\(build.errorText)")

        func run(_ program: String) throws -> String {
            let result = try Program(
                executable: "\(scratch)/debug/\(program)", folder: "\(Package.fixtures)/demo"
            ).run()
            #expect(result.ending == .exit(0), "\(result.errorText)")
            return result.outputText
        }
        let rendered = try Tool.run(["render", "--node", "worker-1", "\(Package.fixtures)/demo/cluster.json"])
        #expect(try run("LibraryUser").hasPrefix(rendered.outputText))

        let objects = """
            {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "shop"},
             "spec": {"clusterIP": "10.96.0.10", "ports": [{"name": "http", "port": 80}]}}
            {"kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "addressType": "IPv4",
             "metadata": {"name": "x", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
             "ports": [{"name": "http", "port": 8080}],
             "endpoints": [{"addresses": ["10.244.1.7"], "nodeName": "worker-1"}, {"addresses": ["10.244.2.8"]}]}
            {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "worker-1"}}
            """
        #expect(try run("Reports").hasSuffix("\(rendered.output.count) bytes passed on\n"))
        let values = try Tool.run(["render", "-"], input: Array(objects.utf8))
        #expect(try run("FromValues") == values.outputText)
    }
}
