import Foundation
import Testing

/// The README's first pipe with a real client: kubectl gets the demo's objects from a small API server.
@Suite struct KubectlTests {
    /// What is not installed; nil if nothing is missing.
    private static let missing: String? = {
        let missing = ["kubectl", "python3"].first { Program.installed($0) == nil }
        if let missing { print("Skipped: kubectl's output is not rendered, for \(missing) is not installed.") }
        return missing
    }()

    @Test(.enabled(if: missing == nil, "Needs kubectl (Debian's kubernetes-client) and python3."))
    func kubectlGet() throws {
        let demo = "\(Package.fixtures)/demo/cluster.json"
        let options = Package.lines(of: "demo/options") ?? []
        let expected = try Tool.run(["render"] + options + [demo])
        expect(expected, 0, errors: [])

        // The server ends when its standard input does: when the shell closes descriptor 3, or ends itself.
        let script = #"""
            mkfifo lifeline url
            python3 "$1" "$2" < lifeline > url &
            exec 3> lifeline
            read -r url < url
            env -i PATH="$PATH" HOME="$PWD" kubectl --server "$url" --kubeconfig /dev/null \
                get services,endpointslices,nodes -A -o json 3>&-
            code=$?
            exec 3>&-
            wait
            exit $code
            """#
        let folder = try TemporaryFolder()
        let kubectl = try Tool.shell(script, ["\(Package.support)/api_server.py", demo], in: folder.path)
        expect(kubectl, 0, errors: [])
        let result = try Tool.shell(#"cat | $KUBECHAINS render "$@" -"#, options, input: kubectl.output)
        expect(result, 0, output: expected.outputText, errors: [])
    }
}
