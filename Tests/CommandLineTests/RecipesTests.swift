import Foundation
import Testing

/// The files of `Fixtures/fleet` and `Fixtures/ci`, which the articles show: checked by programs that are not ours, and their
/// command lines run.
@Suite struct RecipesTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"

    /// What is not installed, with what needs it; nil: it is there.
    private static func missing(_ program: String, _ consequence: String) -> String? {
        if Program.installed(program) != nil { return nil }
        print("Skipped: \(consequence), for \(program) is not installed.")
        return program
    }

    private static let kubernetesValidate = missing(
        "kubernetes-validate", "the manifests of Fixtures/fleet are not validated")
    private static let checkJSONSchema = missing("check-jsonschema", "the files of Fixtures/ci are not validated")
    private static let preCommit = missing("pre-commit", "the hook of Fixtures/ci is not run")
    private static let kubectl = missing("kubectl", "YAML manifests are not linted")

    private static func text(_ file: String) throws -> String {
        try String(contentsOfFile: "\(Package.fixtures)/\(file)", encoding: .utf8)
    }

    // MARK: Manifests

    @Test(.enabled(if: kubernetesValidate == nil, "Needs PyPI's kubernetes-validate."), arguments: ["job", "cronjob"])
    func manifestIsValid(_ name: String) throws {
        expect(try Tool.shell("kubernetes-validate --strict \"$1\"", ["\(Package.fixtures)/fleet/\(name).json"]), 0)
    }

    /// The arguments of the container in a pod's template, with other files in the place of its volumes'.
    private static func arguments(_ template: Any?, _ files: [String: String]) throws -> [String] {
        let pod = try #require((template as? [String: Any])?["spec"] as? [String: Any])
        let container = try #require((pod["containers"] as? [[String: Any]])?.first)
        return try #require(container["args"] as? [String]).map { files[$0] ?? $0 }
    }

    private static func spec(_ name: String) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(text("fleet/\(name).json").utf8)) as? [String: Any]
        return try #require(object?["spec"] as? [String: Any])
    }

    /// The Job's very command line, run with each index: together the shards do what one run does.
    @Test func shardsOfTheJob() throws {
        let spec = try Self.spec("job")
        #expect(spec["completionMode"] as? String == "Indexed")
        let arguments = try Self.arguments(spec["template"], ["/snapshot/cluster.json": Self.demo])
        let lines = try (0..<#require(spec["completions"] as? Int)).flatMap { index in
            // As kubelet expands it.
            let own = arguments.map { $0.replacing("$(JOB_COMPLETION_INDEX)", with: "\(index)") }
            let result = try Tool.run(own)
            expect(result, 0)
            return result.outputText.split(separator: "\n")
        }
        let all = try Tool.run(["render", "--all-nodes", "-o", "jsonl", Self.demo]).outputText
        #expect(lines.sorted() == all.split(separator: "\n").sorted())
        #expect(lines.count == 6)
    }

    /// The CronJob's very command line, with what its first container would have written.
    @Test func auditOfTheCronJob() throws {
        let folder = try TemporaryFolder()
        let job = try #require((Self.spec("cronjob")["jobTemplate"] as? [String: Any])?["spec"] as? [String: Any])
        let files = [
            "/snapshot/cluster.json": Self.demo, "/rules/worker-1.save": "\(Package.fixtures)/demo/ipv4.save",
            "/metrics/kubechains.prom": "\(folder.path)/kubechains.prom",
        ]
        // What `render` wrote has no jumps from the built-in chains, which is found.
        expect(try Tool.run(try Self.arguments(job["template"], files)), 1, output: "")
        let metrics = try folder.read("kubechains.prom")
        #expect(
            String(decoding: metrics, as: UTF8.self).contains(
                "kubechains_audit_compared_services{node=\"worker-1\"} 27\n"))
        guard FindingFormatTests.promtool == nil else { return }
        expect(try Tool.shell("promtool check metrics", input: metrics), 0, output: "", errors: [])
    }

    /// The manifest of krew installs what `make install` builds, under the name that makes it `kubectl chains`. Debian has no
    /// program that checks such a manifest.
    @Test func krewManifest() throws {
        let text = try Self.text("fleet/krew.yaml")
        let version = try Tool.run(["--version"]).outputText.split(separator: " ")[1]
        for line in [
            "kind: Plugin", "  name: chains", "  version: v\(version)", "        - from: kubechains",
            "          to: kubectl-chains", "      bin: kubectl-chains",
        ] {
            #expect("\n\(text)".contains("\n\(line)\n"), "\(line)")
        }
    }

    // MARK: Continuous integration

    @Test(
        .enabled(if: checkJSONSchema == nil, "Needs PyPI's check-jsonschema."),
        arguments: [
            "vendor.github-workflows github-workflow", "vendor.gitlab-ci --data-transform gitlab-ci gitlab-ci",
        ])
    func fileFitsItsSchema(_ arguments: String) throws {
        let script = "cd \"$1\" && check-jsonschema --builtin-schema \(arguments).yaml"
        expect(try Tool.shell(script, ["\(Package.fixtures)/ci"]), 0)
    }

    /// The step and the job end with 1, since the demo cluster has warnings, and say so in their form.
    @Test(arguments: [
        ("github-workflow", "- run: ", "cat", "::warning file=cluster.json,line="),
        ("gitlab-ci", "- kubechains", "cat lint.xml", "<testsuites name=\"kubechains lint\""),
    ])
    func stepIsRun(_ file: String, _ mark: String, _ show: String, _ found: String) throws {
        let folder = try TemporaryFolder()
        let line = try #require(try Self.text("ci/\(file).yaml").split(separator: "\n").first { $0.contains(mark) })
        let command = try #require(line.range(of: "kubechains ").map { line[$0.lowerBound...] })
        let script =
            "PATH=$(dirname \"$KUBECHAINS\"):$PATH; cp \"$1\" cluster.json; \(command) < /dev/null; code=$?; \(show); exit $code"
        let result = try Tool.shell(script, [Self.demo], in: folder.path)
        expect(result, 1)
        #expect(result.outputText.contains(found))
    }

    /// pre-commit runs the hook in a repository whose change it is to check.
    @Test(.enabled(if: preCommit == nil, "Needs PyPI's pre-commit and git."))
    func hookIsRun() throws {
        let folder = try TemporaryFolder()
        let script = #"""
            export PATH=$(dirname "$KUBECHAINS"):$PATH HOME=$PWD PRE_COMMIT_HOME=$PWD/cache GIT_CONFIG_GLOBAL=/dev/null
            git init -q . && cp "$1" .pre-commit-config.yaml && cp "$2" cluster.json && git add cluster.json \
                .pre-commit-config.yaml && pre-commit run 2>&1
            """#
        let result = try Tool.shell(
            script, ["\(Package.fixtures)/ci/pre-commit-config.yaml", Self.demo], in: folder.path)
        expect(result, 1)
        #expect(result.outputText.contains("kubechains lint") && result.outputText.contains("Failed"))
        #expect(result.outputText.contains("[no-endpoints]"))
    }

    /// The article shows the files as they are.
    @Test(arguments: ["ci/github-workflow.yaml", "ci/gitlab-ci.yaml", "ci/pre-commit-config.yaml"])
    func articleShowsTheFile(_ file: String) throws {
        let article = try String(
            contentsOfFile: "\(Package.root)/\(DocumentationTests.catalogue)/CIRecipes.md", encoding: .utf8)
        #expect(article.contains("```yaml\n\(try Self.text(file))```\n"))
    }

    /// kubectl turns YAML into JSON without a cluster.
    @Test(.enabled(if: kubectl == nil, "Needs kubectl (Debian's kubernetes-client)."))
    func manifestsInYAML() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: "\(folder.path)/manifests", withIntermediateDirectories: false)
        try folder.write(
            "manifests/web.yaml",
            """
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: shop}
            spec:
              clusterIP: 10.96.0.10
              externalTrafficPolicy: Local
              type: LoadBalancer
              ports: [{name: http, port: 80}]
            ---
            apiVersion: v1
            kind: Node
            metadata: {name: worker-1}

            """)
        // The first is the command of the article.
        let article = try String(
            contentsOfFile: "\(Package.root)/\(DocumentationTests.catalogue)/CIRecipes.md", encoding: .utf8)
        let command = "kubectl annotate --local -f manifests x- -o json | kubechains lint -"
        #expect(article.contains("\n\(command)\n"))
        let result = try Tool.shell(
            "export HOME=/nonexistent PATH=$(dirname \"$KUBECHAINS\"):$PATH KUBECONFIG=/dev/null; \(command)",
            in: folder.path)
        expect(result, 1)
        #expect(result.outputText.contains("Service shop/web: load balancers cannot ask which nodes have endpoints"))
    }
}
