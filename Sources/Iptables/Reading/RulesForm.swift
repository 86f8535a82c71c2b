internal import KubeChainsBytes

/// What a text is that is no rules text, as far as its first line tells.
struct RulesForm {
    let found: String
    let remedy: String

    private static let save = "give all that iptables-save prints"

    private static let forms: [(starts: [StaticString], found: String, remedy: String)] = [
        (
            ["-A -t ", "-A -u ", "-a -t ", "-a -u ", "IP Virtual Server version", "-A -f ", "--add-service"],
            "virtual servers of IPVS, as ipvsadm prints them", "\(save); for IPVS mode see --proxy-mode ipvs"
        ),
        (["create ", "add KUBE-", "Name: "], "IP sets, as ipset prints them", save),
        (
            ["-P ", "-N ", "-A ", "-I "], "rules as 'iptables -S' prints them, which do not say their table",
            "\(save), which has all tables"
        ),
        (["Chain "], "a listing of 'iptables -L', which leaves parts of the rules out", save),
        (
            ["table ip ", "table ip6 ", "table inet ", "table bridge ", "table arp ", "table netdev "],
            "a listing of nftables",
            "\(save); for kube-proxy's nftables mode see --proxy-mode nftables"
        ),
        (
            ["[sudo] "], "a message of sudo", "\(save); keep messages out of the file: redirect standard output alone"
        ),
        (
            ["{", "["], "JSON, such as a snapshot or what 'nft -j' prints", "here rules are expected: \(save)"
        ),
        (["apiVersion:", "kind:", "---"], "YAML", "here rules are expected: \(save)"),
        (
            ["Error from server", "error: ", "Error: ", "Unable to ", "Defaulted container ", "Warning: ", "ssh: "],
            "a message of kubectl or ssh",
            "\(save) on the node; keep messages out of the file: redirect standard output alone"
        ),
    ]

    /// Nil: the line is not known.
    init?(_ line: ByteView) {
        if let form = Self.forms.first(where: { $0.starts.contains { line.hasPrefix($0) } }) {
            (found, remedy) = (form.found, form.remedy)
            return
        }
        guard ProgramMessage.isFailure(line) else { return nil }
        found = "the message '\(line.beginning)'"
        remedy = "the program failed on the node: run it as root, and \(Self.save)"
    }

    /// What stands before the first table of a whole text, or before each of its lines.
    ///
    /// - Parameter line: the first line that is neither a rule nor a comment.
    init?(_ line: ByteView, before text: ByteView) {
        let isFirst = text.numberOfLine { $0.isTable }
        guard let number = isFirst ?? text.numberOfLine(where: { $0.endsWithTable }) else { return nil }
        found = "the line '\(line.beginning)'"
        remedy =
            isFirst == nil
            ? "line \(number) begins a table behind other text: give the lines as iptables-save prints them"
            : "the rules begin in line \(number): keep messages out of the file: redirect standard output alone"
    }
}

extension ByteView {
    private static let tables: [StaticString] = ["*filter", "*nat", "*mangle", "*raw", "*security"]

    /// Whether the line begins a table.
    fileprivate var isTable: Bool { Self.tables.contains { self == $0 } }

    /// Whether the line would begin a table without what stands before it.
    fileprivate var endsWithTable: Bool {
        let text = string
        return Self.tables.contains { text.hasSuffix("\($0)") }
    }
}
