import Foundation
import Testing

/// `make install` and `make uninstall`, with the binary that these tests run.
@Suite struct InstallTests {
    private static let hasMake: Bool = {
        if Program.installed("make") != nil { return true }
        print("Skipped: nothing is installed, for make is not.")
        return false
    }()

    private static let files = [
        "bin/kubechains", "bin/kubectl-chains", "share/bash-completion/completions/kubechains",
        "share/fish/vendor_completions.d/kubechains.fish", "share/man/man1/kubechains.1",
        "share/zsh/site-functions/_kubechains",
    ]

    private func make(_ verb: String, _ variables: [String]) throws {
        let script = #"make --no-print-directory "$@" KUBECHAINS="$KUBECHAINS" 2>&1"#
        expect(try Tool.shell(script, [verb] + variables, in: Package.root), 0, output: "", errors: [])
    }

    /// The files and links below a folder.
    private func files(_ path: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path).filter { file in
            let type = try FileManager.default.attributesOfItem(atPath: "\(path)/\(file)")[.type]
            return type as? FileAttributeType != .typeDirectory
        }.sorted()
    }

    @Test(.enabled(if: hasMake, "Needs make."), arguments: ["/usr/local", "/opt/kubechains"])
    func leavesNothing(_ prefix: String) throws {
        let folder = try TemporaryFolder()
        let variables = ["DESTDIR=\(folder.path)"] + (prefix == "/usr/local" ? [] : ["PREFIX=\(prefix)"])
        try make("install", variables)
        let root = folder.path + prefix
        #expect(try files(folder.path) == Self.files.map { "\(prefix.dropFirst())/\($0)" })
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(root)/bin/kubectl-chains") == "kubechains")
        let version = try Program(executable: "\(root)/bin/kubectl-chains", arguments: ["--version"]).run()
        expect(version, 0, output: try Tool.run(["--version"]).outputText, errors: [])
        let manual = try String(contentsOfFile: "\(root)/share/man/man1/kubechains.1", encoding: .utf8)
        #expect(manual == (try Tool.run(["--generate-manual"])).outputText)
        // Again over what is there.
        try make("install", variables)
        try make("uninstall", variables)
        #expect(try folder.names == [])
    }

    @Test(.enabled(if: hasMake, "Needs make."))
    func sparesWhatIsNotItsOwn() throws {
        let folder = try TemporaryFolder()
        let variables = ["PREFIX=\(folder.path)"]
        try FileManager.default.createDirectory(atPath: "\(folder.path)/bin", withIntermediateDirectories: true)
        try folder.write("bin/other", "")
        try make("install", variables)
        try make("uninstall", variables)
        #expect(try files(folder.path) == ["bin/other"])
        // Folders that exist on a system are left where nothing is staged.
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/share/man/man1"))
        try make("uninstall", variables)
    }

    private static let hasKubectl: Bool = {
        if Program.installed("kubectl") != nil { return true }
        print("Skipped: 'kubectl chains' is not tried, for kubectl is not installed.")
        return false
    }()

    @Test(.enabled(if: hasMake && hasKubectl, "Needs make and kubectl."))
    func kubectlChains() throws {
        let folder = try TemporaryFolder()
        try make("install", ["PREFIX=\(folder.path)"])
        let options = ["--node", "worker-1", "Fixtures/demo/cluster.json"]
        let result = try Tool.shell(
            #"PATH="$1/bin:$PATH" HOME="$1"; export PATH HOME; shift; kubectl chains render "$@""#,
            [folder.path] + options, in: Package.root)
        expect(result, 0, output: try Tool.run(["render"] + options, in: Package.root).outputText, errors: [])
        let bad = try Tool.shell(
            #"PATH="$1/bin:$PATH" HOME="$1"; export PATH HOME; kubectl chains lint"#, [folder.path])
        #expect(bad.ending == .exit(64))
    }
}
