internal import KubeChainsBytes

/// A word of nft's grammar.
struct NftToken: Equatable {
    enum Kind { case word, quoted, symbol, endOfLine }

    let kind: Kind
    /// The word, a quoted text without its quotes, or `{`, `}`, `,`, `;`.
    let text: String

    static let endOfLine = NftToken(kind: .endOfLine, text: "\n")

    func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }
    func isWord(_ word: String) -> Bool { kind == .word && text == word }
    /// As nft writes it.
    var spelling: String { kind == .quoted ? "\"\(text)\"" : text }
}

/// Splits a text into words. A remark, which begins with `#`, reaches to the end of its line.
struct NftLexer {
    private let bytes: [UInt8]
    private var position = 0
    /// The line of the last token, counted from 1.
    private(set) var line = 1

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next token; nil at the end of the text.
    mutating func next() -> NftToken? {
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
            case UInt8(ascii: "#"):
                while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
            case UInt8(ascii: "\n"):
                position += 1
                line += 1
                return .endOfLine
            case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ","), UInt8(ascii: ";"):
                position += 1
                return NftToken(kind: .symbol, text: String(decoding: [byte], as: UTF8.self))
            case UInt8(ascii: "\""): return quoted()
            default: return word()
            }
        }
        return nil
    }

    private mutating func quoted() -> NftToken {
        let start = position + 1
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "\n") { end += 1 }
        position = end < bytes.count && bytes[end] == UInt8(ascii: "\"") ? end + 1 : end
        return NftToken(kind: .quoted, text: String(decoding: bytes[start..<end], as: UTF8.self))
    }

    private mutating func word() -> NftToken {
        let start = position
        scan: while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"), UInt8(ascii: "{"),
                UInt8(ascii: "}"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\""):
                break scan
            default: position += 1
            }
        }
        return NftToken(kind: .word, text: String(decoding: bytes[start..<position], as: UTF8.self))
    }
}

/// Why a text is not one of nft's.
public struct NftError: Error, Sendable, CustomStringConvertible {
    /// The line, counted from 1.
    public let line: Int
    /// What was found and what was expected.
    public let message: String

    public var description: String { "line \(line): \(message)" }
}

/// Tokens of a text with one token of lookahead.
struct NftTokens {
    private var lexer: NftLexer
    private(set) var current: NftToken?
    /// The line of the current token.
    private(set) var line = 1

    init(_ bytes: [UInt8]) {
        lexer = NftLexer(bytes)
        advance()
    }

    mutating func advance() {
        line = lexer.line
        current = lexer.next()
    }

    /// Takes the current token.
    mutating func take() -> NftToken? {
        defer { advance() }
        return current
    }

    mutating func skipLines() {
        while current?.kind == .endOfLine || current?.isSymbol(";") == true { advance() }
    }

    func error(_ message: String) -> NftError { NftError(line: line, message: message) }

    /// Takes a word, quoted or not.
    mutating func name(_ what: String) throws(NftError) -> String {
        guard let token = current, token.kind == .word || token.kind == .quoted else {
            throw error("expected \(what)")
        }
        advance()
        return token.text
    }

    mutating func symbol(_ symbol: String) throws(NftError) {
        guard current?.isSymbol(symbol) == true else { throw error("expected '\(symbol)'") }
        advance()
    }

    /// Takes the tokens of a statement up to the end of its line, or a `;` or `}` that ends it.
    mutating func statement() -> [NftToken] {
        var tokens: [NftToken] = []
        var depth = 0
        while let token = current {
            if token.isSymbol("{") { depth += 1 }
            if depth == 0, token.kind == .endOfLine || token.isSymbol(";") || token.isSymbol("}") { break }
            if token.isSymbol("}") { depth -= 1 }
            if token.kind != .endOfLine { tokens.append(token) }
            advance()
        }
        return tokens
    }
}
