import Foundation
import Testing

/// `--output-file`: whole or untouched.
@Suite struct OutputFileTests {
    private static let options = ["--node", "worker-1", "\(Package.fixtures)/demo/cluster.json"]
    private static let bad = "\(Package.fixtures)/invalid/port-zero/snapshot.json"

    private let folder: TemporaryFolder
    private let expected: String

    init() throws {
        folder = try TemporaryFolder()
        expected = try Tool.run(["render"] + Self.options).outputText
    }

    private func render(
        to file: String, prelude: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let script = prelude + #"exec $KUBECHAINS render --output-file "$@""#
        let result = try Tool.shell(script, [file] + Self.options, in: folder.path)
        expect(result, 0, output: "", errors: [], sourceLocation: sourceLocation)
    }

    private func text(_ name: String) throws -> String { String(decoding: try folder.read(name), as: UTF8.self) }

    private func mode(_ name: String) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")
        return (attributes[.posixPermissions] as? NSNumber)?.intValue
    }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/\(name)", withDestinationPath: target)
    }

    private func linkTarget(_ name: String) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder.path)/\(name)")
    }

    @Test func newFile() throws {
        try render(to: "out.rules", prelude: "umask 027; ")
        #expect(try text("out.rules") == expected)
        #expect(try folder.names == ["out.rules"])
        #expect(try mode("out.rules") == 0o640)
    }

    @Test func newFileByItsFullPath() throws {
        try render(to: "\(folder.path)/out.rules")
        #expect(try text("out.rules") == expected)
        #expect(try folder.names == ["out.rules"])
    }

    /// Another name of the old file keeps the old text: the new file was not written in its place but beside it.
    @Test func existingFile() throws {
        let file = try folder.write("out.rules", "old")
        try FileManager.default.setAttributes([.posixPermissions: 0o604], ofItemAtPath: file)
        try FileManager.default.linkItem(atPath: file, toPath: "\(folder.path)/other-name")
        try render(to: "out.rules", prelude: "umask 077; ")
        #expect(try text("out.rules") == expected)
        #expect(try text("other-name") == "old")
        #expect(try mode("out.rules") == 0o604)
        #expect(try folder.names == ["other-name", "out.rules"])
    }

    @Test(arguments: [[bad], ["no.json"], ["--family", "x"]])
    func failureLeavesTheOldFile(_ arguments: [String]) throws {
        try folder.write("out.rules", "old")
        let result = try Tool.run(["render", "--output-file", "out.rules"] + arguments, in: folder.path)
        #expect(result.ending != .exit(0))
        #expect(result.outputText == "")
        #expect(try text("out.rules") == "old")
        #expect(try folder.names == ["out.rules"])
    }

    @Test func failureMakesNoFile() throws {
        expect(try Tool.run(["render", "--output-file", "out.rules", Self.bad], in: folder.path), 2, output: "")
        #expect(try folder.names.isEmpty)
    }

    /// Half of the text has been written when there is no more room.
    @Test func noRoom() throws {
        try folder.write("out.rules", "old")
        let script = #"trap '' XFSZ; ulimit -f 8; exec $KUBECHAINS render --output-file "$@""#
        let result = try Tool.shell(script, ["out.rules"] + Self.options, in: folder.path)
        expect(result, 2, output: "", errors: ["out.rules: error: cannot be written: file too large"])
        #expect(try text("out.rules") == "old")
        #expect(try folder.names == ["out.rules"])
    }

    /// A temporary file that an earlier run left behind is no hindrance, even if it was a process of the same number, as
    /// happens in containers, where the tool may always be process 1.
    @Test func leftoversOfAnEarlierRun() throws {
        try render(to: "out.rules", prelude: "touch .out.rules.$$; ")
        #expect(try text("out.rules") == expected)
    }

    // MARK: Links

    @Test func linkToAFile() throws {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/sub", withIntermediateDirectories: false)
        try folder.write("sub/real.rules", "old")
        try link("out.rules", to: "sub/real.rules")
        try render(to: "out.rules")
        #expect(try linkTarget("out.rules") == "sub/real.rules")
        #expect(try text("sub/real.rules") == expected)
        #expect(try folder.names == ["out.rules", "sub"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/sub") == ["real.rules"])
    }

    @Test func chainOfLinksThatDangles() throws {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/sub", withIntermediateDirectories: false)
        try link("sub/second", to: "../new.rules")
        try link("first", to: "\(folder.path)/sub/second")
        try render(to: "first")
        #expect(try linkTarget("first") == "\(folder.path)/sub/second")
        #expect(try linkTarget("sub/second") == "../new.rules")
        #expect(try text("new.rules") == expected)
        #expect(try folder.names == ["first", "new.rules", "sub"])
    }

    @Test func linkToItself() throws {
        try link("loop", to: "loop")
        let result = try Tool.run(["render", "--output-file", "loop"] + Self.options, in: folder.path)
        expect(result, 2, output: "", errors: ["loop: error: cannot be written: too many levels of symbolic links"])
        #expect(try folder.names == ["loop"])
    }

    // MARK: What is no regular file

    @Test func nullDevice() throws {
        try render(to: "/dev/null")
        let type = try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType
        #expect(type == .typeCharacterSpecial)
    }

    @Test func fifo() throws {
        let script = #"mkfifo pipe; cat pipe > copy & $KUBECHAINS render --output-file pipe "$@" && wait"#
        expect(try Tool.shell(script, Self.options, in: folder.path), 0, output: "", errors: [])
        #expect(try text("copy") == expected)
        #expect(try folder.names == ["copy", "pipe"])
    }

    /// Links of the kernel to what is open, which have no name to follow: how shells hand over `>(command)`.
    @Test(arguments: ["/dev/stdout", "/dev/fd/3", "/proc/self/fd/1"])
    func openPipe(_ path: String) throws {
        let script = #"{ $KUBECHAINS render --output-file "$@" 3>&1 || echo failed; } | cat"#
        expect(try Tool.shell(script, [path] + Self.options), 0, output: expected, errors: [])
    }

    // MARK: What cannot be written

    @Test func folderInItsPlace() throws {
        let result = try Tool.run(["render", "--output-file", folder.path] + Self.options)
        expect(result, 2, output: "", errors: ["\(folder.path): error: cannot be written: is a directory"])
    }

    @Test func missingFolder() throws {
        let result = try Tool.run(["render", "--output-file", "no/out.rules"] + Self.options, in: folder.path)
        expect(result, 2, output: "", errors: ["no/out.rules: error: cannot be written: no such file or directory"])
    }

    @Test func fileInPlaceOfAFolder() throws {
        try folder.write("file", "old")
        let result = try Tool.run(["render", "--output-file", "file/out.rules"] + Self.options, in: folder.path)
        expect(result, 2, output: "", errors: ["file/out.rules: error: cannot be written: not a directory"])
    }

    @Test(.enabled(if: getuid() != 0, "Root may write to every folder."))
    func unwritableFolder() throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.path)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path) }
        let result = try Tool.run(["render", "--output-file", "out.rules"] + Self.options, in: folder.path)
        expect(result, 2, output: "", errors: ["out.rules: error: cannot be written: permission denied"])
        #expect(try folder.names.isEmpty)
    }
}
