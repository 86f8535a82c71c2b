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
        let text = line[0..<min(line.count, 200)].string
        let failures = ["command not found", "Permission denied", "must be root", "not permitted", "No such file"]
        guard failures.contains(where: { text.contains(text: $0) }) else { return nil }
        found = "the message '\(text)'"
        remedy = "the program failed on the node: run it as root, and \(Self.save)"
    }
}
