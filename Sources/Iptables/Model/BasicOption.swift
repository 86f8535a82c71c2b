internal import KubeChainsBytes

/// The options that are no extension's: those of iptables(8), OPTIONS and PARAMETERS, by their letters.
enum BasicOption {
    /// What follows an option.
    enum Words {
        case nothing, one
        /// A word in the same place only: `-Fchain` or `--flush=chain`, or as the next word if that is no option.
        case optional
    }

    private static let longNames: [(name: StaticString, letter: StaticString)] = [
        ("append", "A"), ("delete", "D"), ("check", "C"), ("insert", "I"), ("replace", "R"), ("list", "L"),
        ("list-rules", "S"), ("flush", "F"), ("zero", "Z"), ("new-chain", "N"), ("delete-chain", "X"),
        ("rename-chain", "E"), ("policy", "P"), ("source", "s"), ("destination", "d"), ("src", "s"), ("dst", "d"),
        ("protocol", "p"), ("in-interface", "i"), ("jump", "j"), ("table", "t"), ("match", "m"), ("numeric", "n"),
        ("out-interface", "o"), ("verbose", "v"), ("wait", "w"), ("wait-interval", "W"), ("exact", "x"),
        ("fragments", "f"), ("version", "V"), ("help", "h"), ("line-numbers", "0"), ("modprobe", "M"),
        ("set-counters", "c"), ("goto", "g"), ("ipv4", "4"), ("ipv6", "6"),
    ]

    /// The letter of the option with a long name.
    static func letter(named name: ByteView) -> UInt8? {
        longNames.first { name == $0.name }.map { unsafe $0.letter.utf8Start[0] }
    }

    /// The letters of the options whose long names begin so.
    static func letters(abbreviatedBy name: ByteView) -> Set<UInt8> {
        Set(longNames.filter { name.begins($0.name) }.map { unsafe $0.letter.utf8Start[0] })
    }

    /// What follows the option with a letter; nil if there is no such option.
    static func words(after letter: UInt8) -> Words? {
        switch letter {
        case UInt8(ascii: "A"), UInt8(ascii: "m"), UInt8(ascii: "j"), UInt8(ascii: "d"), UInt8(ascii: "s"),
            UInt8(ascii: "p"), UInt8(ascii: "i"), UInt8(ascii: "o"), UInt8(ascii: "g"), UInt8(ascii: "I"),
            UInt8(ascii: "N"), UInt8(ascii: "P"), UInt8(ascii: "D"), UInt8(ascii: "R"), UInt8(ascii: "C"),
            UInt8(ascii: "E"), UInt8(ascii: "c"), UInt8(ascii: "t"), UInt8(ascii: "M"):
            .one
        case UInt8(ascii: "F"), UInt8(ascii: "X"), UInt8(ascii: "Z"), UInt8(ascii: "L"), UInt8(ascii: "S"),
            UInt8(ascii: "w"), UInt8(ascii: "W"), UInt8(ascii: "h"):
            .optional
        case UInt8(ascii: "f"), UInt8(ascii: "4"), UInt8(ascii: "6"), UInt8(ascii: "n"), UInt8(ascii: "v"),
            UInt8(ascii: "x"), UInt8(ascii: "V"), UInt8(ascii: "0"), UInt8(ascii: "b"):
            .nothing
        default:
            nil
        }
    }

    /// Whether `!` may stand before the option.
    static func isNegatable(_ letter: UInt8) -> Bool {
        switch letter {
        case UInt8(ascii: "s"), UInt8(ascii: "d"), UInt8(ascii: "p"), UInt8(ascii: "i"), UInt8(ascii: "o"),
            UInt8(ascii: "f"):
            true
        default: false
        }
    }
}

extension ByteView {
    /// Whether a literal begins with these bytes.
    func begins(_ literal: StaticString) -> Bool {
        guard count <= literal.utf8CodeUnitCount else { return false }
        let text = unsafe literal.utf8Start
        for index in 0..<count where unsafe self[index] != text[index] { return false }
        return true
    }
}
