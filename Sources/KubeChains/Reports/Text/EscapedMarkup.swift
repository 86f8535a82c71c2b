extension String {
    /// The text as XML and HTML hold it, also between quotes.
    var escapingMarkup: String {
        escaping { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            default: nil
            }
        }
    }

    /// The text with some scalars replaced. It is not looked at by `Character`: a quote with a combining mark is another one, but
    /// a quote to all who read the text.
    ///
    /// - Parameter replacement: what stands for a scalar; nil: itself.
    func escaping(_ replacement: (Unicode.Scalar) -> String?) -> String {
        unicodeScalars.reduce(into: "") { text, scalar in
            if let replacement = replacement(scalar) {
                text += replacement
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }
}
