import KubeChainsBytes
import Nftables

/// libFuzzer's entry: reads the bytes as a listing of nft and as commands for it; what a listing's tables are listed as reads
/// back as the same text.
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
        for table in try read() {
            var text = TextWriter()
            table.writeListing(.oneOne, to: &text)
            precondition(!text.finish().isEmpty)
        }
    } catch {
        precondition(error.line > 0 && !error.message.isEmpty)
    }
}
