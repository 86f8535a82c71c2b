import Foundation
import Testing

/// Cases that people reported (`Fixtures/reports`): `audit` names the cause, and nothing else.
@Suite struct ReportedAuditTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let dumps: [String]
        let snapshot: String
        let options: [String]
        let code: Int32
        /// The identifiers in order.
        let findings: [String]
        /// What the report says.
        let words: [String]

        init(
            _ dumps: [String], _ snapshot: String, options: [String] = usual, code: Int32 = 1, _ findings: [String],
            _ words: [String] = []
        ) {
            (self.dumps, self.snapshot, self.options) = (dumps, snapshot, options)
            (self.code, self.findings, self.words) = (code, findings, words)
        }

        static let usual = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16"]

        var testDescription: String { ([dumps[0], snapshot] + options).joined(separator: " ") }
    }

    static let settings: [Case] = [
        Case(["80-settings/none.txt"], "80-settings/cluster.json", ["settings-differ"], ["no --cluster-cidr"]),
        Case(
            ["80-settings/nodecidr.txt"], "80-settings/cluster.json", ["settings-differ"],
            ["NodeCIDR", "10.244.1.0/24"]),
        Case(["80-settings/masqall.txt"], "80-settings/cluster.json", ["settings-differ"], ["--masquerade-all"]),
        Case(
            ["80-settings/nolocalhost.txt"], "80-settings/cluster.json", code: 0, [],
            ["inferred: --iptables-localhost-nodeports=false"]),
        Case(
            ["80-settings/nolocalhost.txt"], "80-settings/cluster.json",
            options: Case.usual + ["--iptables-localhost-nodeports"], ["settings-differ"],
            ["--iptables-localhost-nodeports=false"]),
        Case(
            ["80-settings/none.txt"], "80-settings/cluster.json", options: [], code: 0, [],
            ["inferred: --node worker-1\n"]),
        Case(
            ["16-stale-local/live-nocidr.txt"], "16-stale-local/cluster.json", ["settings-differ"],
            ["no --cluster-cidr"]),
        Case(
            ["dumps/kube-proxy-1.28-no-random-fully.txt"], "dumps/kube-proxy-1.28.json",
            options: ["--cluster-cidr", "10.0.0.0/8"],
            code: 0, [], ["inferred: --no-random-fully"]),
        Case(
            ["dumps/kube-proxy-1.28-no-random-fully.txt"], "dumps/kube-proxy-1.28.json",
            options: ["--no-random-fully=false"],
            ["settings-differ"], ["--no-random-fully=true"]),
        Case(
            ["03-hostname/live.txt"], "03-hostname/cluster.json",
            options: ["--node", "ip-10-20-0-11.eu-west-1.compute.internal"], ["settings-differ"],
            ["--hostname-override"]),
        Case(
            ["03-hostname/live.txt"], "03-hostname/cluster.json", options: [], ["settings-differ"],
            ["--hostname-override"]),
        Case(
            ["52-maskbit/live.txt"], "52-maskbit/cluster.json", ["kubelet-mark"],
            ["kubelet marks packets for masquerading with bit 14, kube-proxy with bit 0"]),
        Case(["52-maskbit/proxy0.txt"], "52-maskbit/cluster.json", code: 0, [], ["--iptables-masquerade-bit 0"]),
    ]

    static let versions: [Case] = [
        Case(
            ["50-old/live119.txt"], "50-old/cluster.json", ["older-version"],
            ["1.23 or older", "KUBE-XLB", "KUBE-MARK-DROP"]),
        Case(
            ["dumps/kube-proxy-1.19.txt"], "dumps/kube-proxy-1.19.json", options: ["--node", "node-1"],
            ["older-version"],
            ["KUBE-MARK-DROP"]),
        Case(
            ["54-xlb/live.txt"], "54-xlb/before.json", ["left-over"],
            ["iptables -t nat -F KUBE-XLB-JSLCNGWSGB5JPS5Q", "iptables -t nat -X KUBE-XLB-JSLCNGWSGB5JPS5Q"]),
        Case(["54-xlb/live0.txt"], "54-xlb/before.json", code: 0, []),
        Case(
            ["54-xlb/live.txt"], "54-xlb/cluster.json", ["left-over", "missing-endpoint", "stale-endpoint"],
            ["KUBE-SEP-FQJBUFNPRUD2H2VD, which kube-proxy has to delete now"]),
    ]

    static let nothing: [Case] = [
        Case(
            ["81-firewalld/zero.txt"], "81-firewalld/cluster.json", code: 2, ["nothing-to-compare"], ["empty", "root"]),
        Case(["81-firewalld/empty.txt"], "81-firewalld/cluster.json", code: 2, ["nothing-to-compare"], ["empty"]),
        Case(
            ["81-firewalld/kubelet-only.txt"], "81-firewalld/cluster.json", code: 2, ["nothing-to-compare"],
            ["nftables mode"]),
        Case(
            ["67-restore-failed/live.txt"], "67-restore-failed/cluster.json", code: 2, ["nothing-to-compare"],
            ["iptables-restore"]),
        Case(["dumps/ipvs-mode.txt"], "dumps/rhel.json", options: [], code: 2, ["nothing-to-compare"], ["IPVS mode"]),
        Case(
            ["dumps/nftables-mode.txt"], "dumps/rhel.json", options: [], code: 2, ["nothing-to-compare"],
            ["nftables mode"]),
        Case(
            ["dumps/nftables-mode.txt"], "dumps/rhel.json", options: ["-n", "kube-system"], code: 2,
            ["nothing-to-compare"]),
    ]

    static let others: [Case] = [
        Case(
            ["51-forward-drop/live.txt"], "51-forward-drop/cluster.json", ["foreign-rule"],
            ["the policy of FORWARD is DROP"]),
        Case(["53-mark/live.txt"], "53-mark/cluster.json", ["foreign-mark"], ["-A VPN-MARK", "bit 14"]),
        Case(["dumps/rhel.live.txt"], "dumps/rhel.json", options: ["--cluster-cidr", "10.50.0.0/16"], code: 0, []),
        Case(
            ["07-nft-legacy/nft.txt", "07-nft-legacy/legacy.txt"], "07-nft-legacy/cluster.json", ["both-backends"],
            ["the first dump (nft) fits the snapshot"]),
        Case(
            ["07-nft-legacy/nft.txt", "07-nft-legacy/legacy.txt"], "07-nft-legacy/before.json", ["both-backends"],
            ["the second dump (legacy) fits the snapshot"]),
        Case(
            ["16-stale-local/live.txt"], "16-stale-local/cluster.json", ["missing-endpoint"],
            ["take the dump and the snapshot again, together"]),
        Case(["16-stale-local/live.txt"], "16-stale-local/stale.json", code: 0, []),
        Case(
            ["47-api/live.txt"], "47-api/old.json", ["missing-endpoint", "stale-endpoint"],
            ["take the dump and the snapshot again, together"]),
        Case(["70-dumps/save-c.txt"], "70-dumps/cluster.json", code: 0, []),
        Case(["04-endpoints-only/live.txt"], "04-endpoints-only/cluster.json", code: 0, []),
        Case(
            ["ipvs-and-hosts/fw.save"], "ipvs-and-hosts/base.json", options: [], ["foreign-rule"],
            ["-A KUBE-FIREWALL", "drops packets to 10.244.0.5:8080"]),
        Case(
            ["ipvs-and-hosts/fd3.save"], "ipvs-and-hosts/base.json", options: [], ["foreign-rule"],
            ["-A KUBE-FIREWALL -j DROP"]),
        Case(
            ["ipvs-and-hosts/ipvsnode.save"], "ipvs-and-hosts/base.json", options: [], code: 2, ["nothing-to-compare"],
            ["IPVS mode", "ipvsadm -Sn"]),
        // The rules alone; the snapshot has no load balancer and no node port.
        Case(
            ["ipvs-and-hosts/ipvsnode.save"], "ipvs-and-hosts/base.json", options: ["--proxy-mode", "ipvs"],
            ["wrong-source-range", "unexpected-rule"],
            ["inferred: --cluster-cidr 10.244.0.0/16", "rules ask for KUBE-EXTERNAL-IP, ", "again, together"]),
    ]

    @Test(arguments: settings + versions + nothing + others)
    func causeIsNamed(_ reported: Case) throws {
        let folder = "\(Package.fixtures)/reports/"
        let dumps = reported.dumps.flatMap { ["--live", folder + $0] }
        let result = try Tool.run(["audit"] + reported.options + dumps + [folder + reported.snapshot])
        #expect(result.ending == .exit(reported.code), "\(result.outputText)\(result.errorText)")
        let identifiers = result.outputText.matches(of: /\[([a-z-]+)\]\n/).map { String($0.output.1) }
        #expect(identifiers == reported.findings, "\(result.outputText)")
        for words in reported.words { #expect(result.outputText.contains(words), "\(words): \(result.outputText)") }
        let remedies = result.outputText.split(separator: "\n").filter { $0.hasPrefix("    remedy: ") }
        #expect(Set(remedies).count == remedies.count)
    }

    /// What cannot be compared is refused, with what to do.
    @Test(arguments: [
        (
            #"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"}}]}"#,
            "no Services"
        ),
        (
            #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"b"},"spec":{"clusterIP":"10.0.0.1","ports":[{"port":1}]}}"#,
            "no Node"
        ),
    ])
    func incompleteSnapshot(_ snapshot: String, _ words: String) throws {
        let dump = "\(Package.fixtures)/reports/80-settings/none.txt"
        let result = try Tool.run(["audit", "--live", dump, "-"], input: Array(snapshot.utf8))
        expect(result, 2, output: "")
        #expect(result.errorText.contains(words))
    }

    /// A name that the snapshot's Nodes do not have.
    @Test func unknownNode() throws {
        let folder = "\(Package.fixtures)/reports/80-settings"
        let result = try Tool.run(
            ["audit", "--node", "worker-9", "--live", "\(folder)/none.txt", "\(folder)/cluster.json"])
        expect(result, 2, output: "")
        #expect(result.errorText.contains("no Node worker-9; its Nodes are worker-1, worker-2"))
    }

    /// The JSON form of what was inferred.
    @Test func inferredAsJSON() throws {
        let folder = "\(Package.fixtures)/reports/80-settings"
        let result = try Tool.run(
            ["audit", "-o", "json", "--live", "\(folder)/nodecidr.txt", "\(folder)/cluster.json"])
        let report = try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any]
        let inferred = report?["inferred"] as? [String: Any]
        #expect(inferred?["node"] as? String == "worker-1")
        #expect(inferred?["settings"] as? [String: String] == ["detect-local-mode": "NodeCIDR"])
        #expect((report?["findings"] as? [Any])?.isEmpty == true)
    }
}
