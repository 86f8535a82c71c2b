extension ByteView {
    /// How long a character of several bytes is that begins with a byte, and what its second byte may be (RFC 3629, section 4);
    /// nil if none begins with it.
    package static func character(beginningWith lead: UInt8) -> (length: Int, second: ClosedRange<UInt8>)? {
        switch lead {
        case 0xC2...0xDF: (2, 0x80...0xBF)
        case 0xE0: (3, 0xA0...0xBF)
        case 0xED: (3, 0x80...0x9F)
        case 0xE1...0xEF: (3, 0x80...0xBF)
        case 0xF0: (4, 0x90...0xBF)
        case 0xF1...0xF3: (4, 0x80...0xBF)
        case 0xF4: (4, 0x80...0x8F)
        default: nil
        }
    }

    /// The length of the UTF-8 character at an offset; 0 if there is none. NUL is none here.
    package func characterLength(at index: Int) -> Int {
        let lead = self[index]
        if lead < 0x80 { return lead == 0 ? 0 : 1 }
        guard let (length, second) = ByteView.character(beginningWith: lead), second.contains(self[index + 1]) else {
            return 0
        }
        for offset in 2..<4 where offset < length && self[index + offset] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
