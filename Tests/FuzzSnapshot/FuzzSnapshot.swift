import Iptables
import KubeChainsJSON
import KubeObjects
import KubeProxy
import NetAddress

/// libFuzzer's entry: reads the bytes as a snapshot; if they are one, its rules must be well formed for every family.
///
/// Built by `make fuzz` with the fuzzer and the address sanitizer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSnapshot(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let source = SnapshotSource(name: "input", bytes: bytes)
    do {
        let snapshot = try ClusterSnapshot(reading: [source])
        _ = snapshot.diagnostics(.warning, snapshot.warnings)
        for family in AddressFamily.allCases {
            var settings = ProxySettings()
            settings.nodeName = "worker-1"
            settings.family = family
            if let configuration = snapshot.configuration { _ = try settings.apply(configuration, of: snapshot) }
            let plan = try NodePlan(snapshot, settings)
            let iptables = IptablesPlan(plan)
            check(iptables.text(.restore))
            check(iptables.text(.save))
            let state = try IPVSPlan(plan)
            for form in IPVSForm.allCases where form != .restore && form != .save { _ = state.text(form) }
            check(state.text(.restore))
            check(state.text(.save))
        }
    } catch {
        // A fault is an answer like any other, as long as it can be told.
        precondition(!"\(error)".isEmpty)
    }
    return 0
}

/// Nothing that a snapshot holds may begin a line, end a quote or bring in a character of its own.
private func check(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    precondition(lines.last?.isEmpty == true, "the text does not end with a line's end")
    for line in lines.dropLast() {
        let begins = ["-A KUBE-", ":KUBE-", "*filter", "*nat", "COMMIT"].contains { line.hasPrefix($0) }
        precondition(begins, "a line that is none of ours: \(line)")
        precondition(line.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "a character that is none of ours: \(line)")
        precondition(line.utf8.count { $0 == UInt8(ascii: "\"") } <= 2, "quotes within quotes: \(line)")
    }
}
