public import KubeChainsBytes

extension NftTable {
    /// Writes what `nft list table` prints.
    public func writeListing(_ version: NftVersion, to text: inout TextWriter) {
        text.append("table ")
        text.append(string: "\(family) \(name)")
        text.append(" {\n")
        if !flags.isEmpty { text.append(string: "\tflags \(flags.joined(separator: ","))\n") }
        if let comment { text.append(string: "\tcomment \"\(comment)\"\n") }
        var isFirst = true
        func separate(_ text: inout TextWriter) {
            if !isFirst { text.append("\n") }
            isFirst = false
        }
        for counter in counters {
            separate(&text)
            text.append(string: "\tcounter \(counter) {\n\t\tpackets 0 bytes 0\n\t}\n")
        }
        for set in sets {
            separate(&text)
            set.writeListing(to: &text)
        }
        for chain in chains {
            separate(&text)
            chain.writeListing(version, to: &text)
        }
        text.append("}\n")
    }
}

extension NftChain {
    fileprivate func writeListing(_ version: NftVersion, to text: inout TextWriter) {
        text.append(string: "\tchain \(name) {\n")
        if let comment { text.append(string: "\t\tcomment \"\(comment)\"\n") }
        if let base {
            let priority = base.priorityText(version)
            text.append(
                string: "\t\ttype \(base.type) hook \(base.hook) priority \(priority); policy \(base.policy);\n")
        }
        for rule in rules {
            text.append("\t\t")
            text.append(string: rule.listing(version))
            text.append("\n")
        }
        text.append("\t}\n")
    }
}

extension NftBase {
    /// The priority as a name where a standard one is near, with the difference.
    fileprivate func priorityText(_ version: NftVersion) -> String {
        var names = [("raw", -300), ("mangle", -150), ("filter", 0), ("security", 50)]
        if hook == "prerouting" || hook == "output" && version == .oneOne { names.append(("dstnat", -100)) }
        if hook == "postrouting" { names.append(("srcnat", 100)) }
        for (name, value) in names where abs(priority - value) <= 10 {
            if priority == value { return name }
            return "\(name) \(priority < value ? "-" : "+") \(abs(priority - value))"
        }
        return "\(priority)"
    }
}

extension NftRule {
    /// The rule as an nft lists it. nft 1.0 takes the highest bits of a mark for a prefix.
    fileprivate func listing(_ version: NftVersion) -> String {
        let (before, after) = ("meta mark & 0x80000000 ", " 0x00000000")
        guard version == .oneZero, text.hasPrefix(before) else { return line }
        let rest = line.dropFirst(before.utf8.count)
        guard rest.dropFirst(2).hasPrefix(after) else { return line }
        return "meta mark " + (rest.hasPrefix("!=") ? "!= " : "") + "0x00000000/1"
            + rest.dropFirst(2 + after.utf8.count)
    }
}

extension NftSet {
    fileprivate func writeListing(to text: inout TextWriter) {
        text.append(string: "\t\(isMap ? "map" : "set") \(name) {\n\t\ttype \(keyTypes.joined(separator: " . "))")
        if let dataType { text.append(string: " : \(dataType)") }
        text.append("\n")
        if let size { text.append(string: "\t\tsize \(size)\n") }
        if !flags.isEmpty { text.append(string: "\t\tflags \(flags.joined(separator: ","))\n") }
        if let timeout { text.append(string: "\t\ttimeout \(NftDuration.text(timeout))\n") }
        if let comment { text.append(string: "\t\tcomment \"\(comment)\"\n") }
        if !elements.isEmpty {
            text.append("\t\telements = { ")
            // Of IPv4 addresses two stand on a line.
            let perLine = keyTypes == ["ipv4_addr"] ? 2 : 1
            for (number, element) in NftElement.sorted(elements, keyTypes).enumerated() {
                if number > 0 { text.append(number % perLine == 0 ? ",\n\t\t\t     " : ", ") }
                text.append(string: element.listing)
            }
            text.append(" }\n")
        }
        text.append("\t}\n")
    }
}

extension NftElement {
    fileprivate var listing: String {
        key.joined(separator: " . ") + (comment.map { " comment \"\($0)\"" } ?? "") + (data.map { " : \($0)" } ?? "")
    }
}
