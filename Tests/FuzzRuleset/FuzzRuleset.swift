import Iptables
import NetAddress

/// libFuzzer's entry: reads the bytes as rules; if they are such, what is printed reads back as the same rules and prints
/// the same again, and packets can be followed through them.
///
/// Built by `make fuzz` with the fuzzer and the address sanitizer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRuleset(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do {
        let ruleset = try Ruleset(parsing: bytes)
        let text = ruleset.saved()
        do {
            let again = try Ruleset(parsing: text, family: ruleset.family)
            precondition(again.ignoringCounters == ruleset.ignoringCounters, "printed rules read back differently")
            precondition(again.saved() == text, "printed rules print differently")
        } catch {
            preconditionFailure("printed rules cannot be read: \(error)")
        }
        follow(ruleset)
    } catch {
        // A fault is an answer like any other, as long as it can be told.
        precondition(!"\(error)".isEmpty)
    }
    return 0
}

/// Follows a packet and its answer; chances stay chances.
private func follow(_ ruleset: Ruleset) {
    let loopback = IPAddress.loopback(ruleset.family)
    let rules = IndexedRules(ruleset)
    var query = TraceQuery(from: loopback, to: loopback, port: 80)
    for isReply in [false, true] {
        query.isReply = isReply
        guard let trace = try? PacketTrace(query, through: rules) else { continue }
        precondition(trace.outcomes.allSatisfy { 0...1 ~= $0.probability && $0.path.allSatisfy { !$0.text.isEmpty } })
    }
}
