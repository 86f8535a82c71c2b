internal import KubeChainsBytes
internal import KubeChainsJSON

/// What an input is that is no JSON, as far as that can be recognised: text for people, another encoding, what programs say
/// about failures.
enum InputShape {
    /// What is at an offset where a document should begin, and what to do instead; nil: it cannot be recognised.
    static func message(_ bytes: ByteView, at offset: Int, _ expectation: InputExpectation = .cluster) -> String? {
        if offset == 0, let encoding = ForeignEncoding(bytes) { return "this is \(encoding.name); \(encoding.remedy)" }
        // A line may be as long as the input.
        let isJSON = bytes[offset] == UInt8(ascii: "{") || bytes[offset] == UInt8(ascii: "[")
        guard !isJSON || bytes.range(offset..<offset + 7, equals: "[sudo] ") else { return nil }
        let line = bytes.line(at: offset)
        if let message = kubectlLine(line, isFirst: offset == 0) { return message }
        if line.hasPrefix("==== START logs for container") {
            return
                "this is the output of 'kubectl cluster-info dump', with logs between the objects and without EndpointSlices; "
                + advice
        }
        if line.hasPrefix("<") { return "this is HTML or XML, such as a page of a proxy or a login; " + advice }
        if line.isRules { return "this is the text of rules, not a snapshot; " + advice }
        // What follows a document is broken JSON rather than another form of text.
        guard offset == 0 || bytes[offset] != UInt8(ascii: ",") else { return nil }
        if line.isTableHeader {
            return "this is a table, as 'kubectl get' prints it without -o json; " + advice
        }
        if line.isDescription { return "this is the output of 'kubectl describe'; " + advice }
        if line.isYAML {
            if expectation == .configuration { return "this is YAML; \(configurationAdvice)" }
            return "this is YAML; " + advice + ", or convert the file without a cluster: "
                + "'kubectl annotate --local -f FILE x- -o json'"
        }
        guard offset == 0 || bytes[0..<offset].isBlank else { return nil }
        return bytes.numberOfLine { $0.count > 0 && $0[0] == UInt8(ascii: "{") }.map { number in
            "this line is no JSON: '\(line.beginning)'; the JSON begins in line \(number): \(redirection)"
        }
    }

    static let advice = "give JSON: 'kubectl get services,endpointslices,nodes -A -o json'"

    static let configurationAdvice =
        "give the configuration as JSON: 'yq -o json FILE', or as kube-proxy has it: "
        + "'curl -s http://127.0.0.1:10249/configz' on a node"

    private static let redirection =
        "keep messages out of the file: redirect standard output alone ('>', not '&>' or '2>&1')"

    /// An error of reading, which a message of a program in the middle of the input or at its end may explain.
    static func explained(_ fault: ReadFault, _ bytes: ByteView) -> ReadFault {
        guard fault.kind == .syntax, fault.offset < bytes.count, fault.offset > 0 else { return fault }
        let last = bytes.lastLine
        if ProgramMessage.endsConnection(last) {
            return .syntax(at: fault.offset, "the input is cut off here: '\(last.beginning)'; take the snapshot again")
        }
        var start = fault.offset
        while start > 0, bytes[start - 1] != UInt8(ascii: "\n") { start -= 1 }
        guard start > 0, let message = kubectlLine(bytes.line(at: start), isFirst: false) else { return fault }
        return .syntax(at: start, message)
    }

    /// What kubectl and its libraries print beside objects.
    private static func kubectlLine(_ line: ByteView, isFirst: Bool) -> String? {
        let text = line.beginning
        let errors: [StaticString] = [
            "Error from server", "error: ", "Error: ", "Unable to connect to the server",
            "The connection to the server", "couldn't get ",
            "No resources found", "command terminated with exit code",
        ]
        if errors.contains(where: { line.hasPrefix($0) }) {
            return "kubectl says '\(text)'"
                + (isFirst ? "" : ", so what stands before it is not all that was asked for")
                + "; mend that and take the snapshot again"
        }
        if line.hasPrefix("Warning: ") || line.isLogLine {
            return "this line is no JSON but a message of kubectl: '\(text)'; \(redirection)"
        }
        if ProgramMessage.isFailure(line) {
            return "this line is no JSON but a message: '\(text)'; mend that and take the snapshot again, or "
                + redirection
        }
        return nil
    }
}

extension ByteView {
    /// `W0302 08:11:04.123456 …` (klog).
    fileprivate var isLogLine: Bool {
        guard count > 20,
            [UInt8(ascii: "I"), UInt8(ascii: "W"), UInt8(ascii: "E"), UInt8(ascii: "F")].contains(self[0])
        else { return false }
        return (1..<5).allSatisfy { isDigit(at: $0) } && self[5] == UInt8(ascii: " ") && isDigit(at: 6)
    }

    private func isDigit(at offset: Int) -> Bool { 0x30...0x39 ~= self[offset] }

    /// Rules as iptables-save, iptables -S, iptables -L and nft print them.
    fileprivate var isRules: Bool {
        let starts: [StaticString] = [
            "# Generated by ip", "*filter", "*nat", "*mangle", "*raw", "-P ", "-A ", "-N ", "Chain ", "table ip",
            "table inet",
        ]
        return starts.contains { hasPrefix($0) }
    }

    /// `NAMESPACE   NAME   …`: capital letters alone.
    fileprivate var isTableHeader: Bool {
        guard hasPrefix("NAME") else { return false }
        return (0..<count).allSatisfy { offset in
            switch self[offset] {
            case 0x41...0x5A, 0x20, UInt8(ascii: "-"), UInt8(ascii: "("), UInt8(ascii: ")"): true
            default: false
            }
        }
    }

    /// The offset after `key:`; nil where the line does not begin so.
    private var endOfKey: Int? {
        var index = 0
        while index < count, isLetter(at: index) || index > 0 && isOfKey(at: index) { index += 1 }
        return index > 0 && self[index] == UInt8(ascii: ":") ? index + 1 : nil
    }

    private func isLetter(at offset: Int) -> Bool { 0x41...0x5A ~= self[offset] || 0x61...0x7A ~= self[offset] }

    private func isOfKey(at offset: Int) -> Bool {
        isDigit(at: offset)
            || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/")].contains(self[offset])
    }

    /// `Name:   web`: a key in capitals, with its value in a column.
    fileprivate var isDescription: Bool {
        guard let end = endOfKey, 0x41...0x5A ~= self[0] else { return false }
        return end + 1 < count && self[end] == UInt8(ascii: " ") && self[end + 1] == UInt8(ascii: " ")
    }

    fileprivate var isBlank: Bool { (0..<count).allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains(self[$0]) } }

    fileprivate var isYAML: Bool {
        if hasPrefix("---") || hasPrefix("%YAML") || hasPrefix("- ") || hasPrefix("#") { return true }
        guard let end = endOfKey else { return false }
        return end == count || self[end] == UInt8(ascii: " ")
    }
}
