import KubeChainsBytes
import Nftables

/// libFuzzer's entry: reads the bytes as a listing of nft and as commands for it, and lists the tables that were read.
///
/// Built by `make fuzz` with the fuzzer and the address sanitizer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNftText(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    check { () throws(NftError) in try NftTable.tables(fromListing: bytes) }
    check { () throws(NftError) in try NftTable.tables(fromCommands: bytes) }
    return 0
}

/// Lists what was read; a fault is an answer like any other, as long as it can be told.
private func check(_ read: () throws(NftError) -> [NftTable]) {
    do throws(NftError) {
        for table in try read() { list(table) }
    } catch {
        precondition(error.line > 0 && !error.message.isEmpty)
    }
}

/// Lists a table.
private func list(_ table: NftTable) {
    var text = TextWriter()
    table.writeListing(.oneOne, to: &text)
    let listed = text.finish()
    precondition(!listed.isEmpty)
}
