import Netfilter

/// libFuzzer's entry: reads the bytes as rules; if they are such, what is printed reads back as the same rules and prints
/// the same again.
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
            preconditionFailure("printed rules can not be read: \(error)")
        }
    } catch {
        // A fault is an answer like any other, as long as it can be told.
        precondition(!"\(error)".isEmpty)
    }
    return 0
}
