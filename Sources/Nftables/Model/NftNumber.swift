extension UInt32 {
    /// A number as nft lists it: hexadecimal behind `0x`, else decimal; nil: the text is no number.
    init?(nft text: String) {
        guard let value = text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text) else { return nil }
        self = value
    }
}
