import Foundation
import Testing

/// A small machine with a kernel that has IPVS, emulated in software: `Support/run-vm.sh`.
enum VirtualMachine {
    private static let script = "\(Package.support)/run-vm.sh"
    /// Made once; it needs 40 MB of Debian's packages.
    private static let image = "\(Package.root)/.build-vm"

    /// Why there is none here; nil if there is one.
    static let obstacle: String? = {
        var reason: String?
        for program in ["bash", "dpkg-deb", "apt-get", "qemu-system-x86_64"] where Program.installed(program) == nil {
            reason = reason ?? "\(program) is not installed"
        }
        if reason == nil, !FileManager.default.fileExists(atPath: "\(image)/version") {
            let result = try? call(["build", "-d", image])
            if result?.ending != .exit(0) {
                let lines = result?.errorLines.filter { !$0.isEmpty } ?? []
                reason = "the machine cannot be made: " + (lines.last ?? "apt-get gives no packages")
            }
        }
        if let reason { print("Skipped: no kernel with IPVS is booted, for \(reason).") }
        return reason
    }()

    /// One machine at a time. No test's thread waits for it: machines sleep for much of their time.
    private static let queue = DispatchQueue(label: "virtual machine")

    /// Loads every case in a folder, each in a network namespace of its own, and writes what the kernel then holds.
    static func run(_ cases: String, to output: String) async throws -> Program.Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(with: Result { try call(["run", "-d", image, "-t", "2400", cases, output]) })
            }
        }
    }

    private static func call(_ arguments: [String]) throws -> Program.Result {
        try Program(
            executable: "/usr/bin/env", arguments: ["bash", script] + arguments, secondsAllowed: 2500
        ).run()
    }
}

/// The lines of a text that are not empty.
func lines(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
}

/// Without what the kernel adds to sets, and without the length of ranges of one address, which it does not print.
func normalSets(_ lines: [String]) -> [String] {
    lines.map { line in
        let bare = line.replacing(/\ (bucketsize|initval) [^ ]+/, with: "")
        let isIPv6 = bare.hasPrefix("add KUBE-6-")
        return bare.replacing(isIPv6 ? /\/128$/ : /\/32$/, with: "")
    }.sorted()
}
