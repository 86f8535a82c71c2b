import KubeChainsBytes

/// Writes JSON as kubectl prints it (four blanks for each level) or as the API server sends it (compact).
struct JSONEmitter: ~Copyable {
    var text: TextWriter
    private let isPretty: Bool
    private var depth = 0
    /// Whether the innermost object or array has no member yet.
    private var isEmpty = true

    init(_ text: consuming TextWriter, isPretty: Bool) {
        self.text = text
        self.isPretty = isPretty
    }

    mutating func open(_ bracket: Character) {
        text.append(bracket.asciiValue ?? 0)
        depth += 1
        isEmpty = true
    }

    mutating func close(_ bracket: Character) {
        depth -= 1
        if !isEmpty { breakLine() }
        text.append(bracket.asciiValue ?? 0)
        isEmpty = false
    }

    /// Begins a member of an object; its value follows.
    mutating func key(_ key: StaticString) {
        element()
        text.append(UInt8(ascii: "\""))
        text.append(key)
        text.append(isPretty ? "\": " : "\":")
    }

    /// Begins an element of an array; its value follows.
    mutating func element() {
        if !isEmpty { text.append(UInt8(ascii: ",")) }
        breakLine()
        isEmpty = false
    }

    mutating func string(_ string: String) {
        text.append(UInt8(ascii: "\""))
        text.append(string: string)
        text.append(UInt8(ascii: "\""))
    }

    mutating func number(_ number: Int) { text.append(decimal: UInt64(number)) }

    mutating func literal(_ literal: StaticString) { text.append(literal) }

    mutating func member(_ key: StaticString, _ value: String) {
        self.key(key)
        string(value)
    }

    mutating func member(_ key: StaticString, _ value: Int) {
        self.key(key)
        number(value)
    }

    mutating func member(_ key: StaticString, _ value: Bool) {
        self.key(key)
        literal(value ? "true" : "false")
    }

    private mutating func breakLine() {
        guard isPretty else { return }
        text.append(UInt8(ascii: "\n"))
        for _ in 0..<depth { text.append("    ") }
    }
}
