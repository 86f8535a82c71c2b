import KubeChainsBytes
import Nftables

/// libFuzzer's entry: reads the bytes as what `nft -j` prints.
///
/// Built by `make fuzz` with the fuzzer and the address sanitizer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNftJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do throws(NftError) {
        for table in try NftTable.tables(fromJSON: bytes) { list(table) }
    } catch {
        precondition(error.line > 0 && !error.message.isEmpty)
    }
    return 0
}

/// Lists a table.
private func list(_ table: NftTable) {
    var text = TextWriter()
    table.writeListing(.oneOne, to: &text)
    let listed = text.finish()
    precondition(!listed.isEmpty)
}
