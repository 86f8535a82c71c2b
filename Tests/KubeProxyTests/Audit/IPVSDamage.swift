import KubeProxy
import Testing

/// Damage to a node in IPVS mode, and what an audit finds of it.
struct IPVSDamage: Sendable, CustomTestStringConvertible {
    let text: IPVSTexts.Kind
    /// A line that is taken out, or the one that takes its place.
    let old: String
    var new: String?
    /// The findings above information.
    let expected: [String]
    /// Words of one of them.
    let words: String

    var testDescription: String { "\(text) \(old) -> \(new ?? "nothing")" }

    static let all: [IPVSDamage] = [
        // A ready endpoint without weight, as after a drain that nobody ended.
        IPVSDamage(
            text: .servers, old: "-a -t 10.96.134.59:80 -r 10.244.1.75:8080 -m -w 1",
            new: "-a -t 10.96.134.59:80 -r 10.244.1.75:8080 -m -w 0", expected: ["wrong-weight shop/search:http"],
            words: "gets no new connections to 10.96.134.59:80/tcp: its weight is 0"),
        IPVSDamage(
            text: .servers, old: "-a -t 10.96.134.59:80 -r 10.244.1.75:8080 -m -w 1",
            new: "-a -t 10.96.134.59:80 -r 10.244.1.75:8080 -m -w 5", expected: ["wrong-weight shop/search:http"],
            words: "has the weight 5 in place of 1"),
        IPVSDamage(
            text: .servers, old: "-a -t 10.96.134.59:80 -r 10.244.1.75:8080 -m -w 1",
            new: "-a -t 10.96.134.59:80 -r 10.244.1.75:8080 -g -w 1", expected: ["wrong-address shop/search:http"],
            words: "with the forwarding method -g in place of -m"),
        IPVSDamage(
            text: .servers, old: "-a -t 10.96.134.59:80 -r 10.244.1.75:8080 -m -w 1",
            expected: ["missing-endpoint shop/search:http"], words: "it is no real server there"),
        IPVSDamage(
            text: .servers, old: "-a -t 10.96.134.59:80 -r 10.244.1.75:8080 -m -w 1",
            new: "-a -t 10.96.134.59:80 -r 10.244.1.75:8080 -m -w 1\n-a -t 10.96.134.59:80 -r 10.244.9.9:8080 -m -w 1",
            expected: ["stale-endpoint shop/search:http"], words: "go to 10.244.9.9:8080 too, which is no endpoint"),
        // It drains.
        IPVSDamage(
            text: .servers, old: "-a -t 10.96.134.59:80 -r 10.244.1.75:8080 -m -w 1",
            new: "-a -t 10.96.134.59:80 -r 10.244.1.75:8080 -m -w 1\n-a -t 10.96.134.59:80 -r 10.244.9.9:8080 -m -w 0",
            expected: [], words: "it keeps its connections"),
        IPVSDamage(
            text: .servers, old: "-A -t 10.96.0.1:443 -s rr\n-a -t 10.96.0.1:443 -r 192.168.1.11:6443 -m -w 1",
            expected: ["missing-service default/kubernetes:https"], words: "no virtual server"),
        IPVSDamage(
            text: .servers, old: "-A -t 192.168.1.21:30443 -s rr\n-a -t 192.168.1.21:30443 -r 10.244.2.86:8443 -m -w 1",
            expected: ["wrong-address shop/admin:https"], words: "no virtual server at 192.168.1.21:30443/tcp"),
        IPVSDamage(
            text: .servers, old: "-A -t 10.96.0.1:443 -s rr",
            new: "-A -t 10.96.250.1:80 -s rr\n-a -t 10.96.250.1:80 -r 10.244.1.9:80 -m -w 1\n-A -t 10.96.0.1:443 -s rr",
            expected: ["extra-service"], words: "the virtual server 10.96.250.1:80/tcp is no Service's"),
        IPVSDamage(
            text: .servers, old: "-A -t 10.96.0.10:53 -s rr", new: "-A -t 10.96.0.10:53 -s sh",
            expected: ["wrong-weight kube-system/kube-dns:dns-tcp"], words: "by the scheduler sh"),
        IPVSDamage(
            text: .servers, old: "-A -t 10.96.0.10:53 -s rr", new: "-A -t 10.96.0.10:53 -s rr -p 10800",
            expected: ["wrong-affinity kube-system/kube-dns:dns-tcp"],
            words: "clients of 10.96.0.10:53/tcp keep their endpoint for 10800 s; they should not"),
        IPVSDamage(
            text: .servers, old: "-A -u 203.0.113.30:3478 -s rr -p 600", new: "-A -u 203.0.113.30:3478 -s rr",
            expected: ["wrong-affinity games/voice:stun"], words: "they should for 600 s"),
        IPVSDamage(
            text: .sets, old: "add KUBE-CLUSTER-IP 10.96.0.1,tcp:443",
            expected: ["wrong-masquerade default/kubernetes:https"],
            words: "the source IP of connections there is preserved"),
        IPVSDamage(
            text: .sets, old: "add KUBE-NODE-PORT-LOCAL-TCP 30443", expected: ["wrong-masquerade shop/admin:https"],
            words: "rewritten to the node (SNAT)"),
        IPVSDamage(
            text: .sets, old: "add KUBE-LOOP-BACK 10.244.1.91,tcp:6379,10.244.1.91",
            expected: ["wrong-masquerade data/redis"], words: "a pod that reaches itself"),
        IPVSDamage(
            text: .sets, old: "add KUBE-LOAD-BALANCER-SOURCE-CIDR 203.0.113.20,tcp:443,192.0.2.64/27",
            expected: ["wrong-source-range shop/partner-api:https"], words: "clients are dropped that should be let in"),
        IPVSDamage(
            text: .sets, old: "add KUBE-LOAD-BALANCER-SOURCE-CIDR 203.0.113.20,tcp:443,192.0.2.64/27",
            new: "add KUBE-LOAD-BALANCER-SOURCE-CIDR 203.0.113.20,tcp:443,192.0.2.64/27\n"
                + "add KUBE-LOAD-BALANCER-SOURCE-CIDR 203.0.113.20,tcp:443,0.0.0.0/1",
            expected: ["wrong-source-range shop/partner-api:https"], words: "clients are let in that should be dropped"),
        IPVSDamage(
            text: .sets, old: "add KUBE-HEALTH-CHECK-NODE-PORT 32641",
            expected: ["wrong-verdict ingress-nginx/ingress-nginx-controller:http"], words: "health checks"),
        IPVSDamage(
            text: .sets, old: "add KUBE-IPVS-IPS 10.96.0.10", expected: ["wrong-verdict kube-system/kube-dns:dns"],
            words: "reach what listens on the host"),
        IPVSDamage(
            text: .sets, old: "create KUBE-CLUSTER-IP hash:ip,port family inet",
            new: "create KUBE-CLUSTER-IP hash:ip family inet",
            expected: ["wrong-set"], words: "is of the type 'hash:ip family inet'"),
        IPVSDamage(
            text: .sets,
            old: "create KUBE-LOAD-BALANCER-FW hash:ip,port family inet hashsize 1024 maxelem 65536\n"
                + "add KUBE-LOAD-BALANCER-FW 203.0.113.20,tcp:443", expected: ["wrong-set"], words: "is missing"),
        IPVSDamage(
            text: .addresses, old: "5: kube-ipvs0    inet 203.0.113.20/32",
            new: "5: kube-ipvs0    inet6 fe80::1/64",
            expected: ["wrong-address shop/partner-api:https"], words: "kube-ipvs0 lacks 203.0.113.20"),
        IPVSDamage(
            text: .addresses, old: "5: kube-ipvs0    inet 203.0.113.20/32",
            new: "5: kube-ipvs0    inet 192.168.1.11/32 scope global\n5: kube-ipvs0    inet 203.0.113.20/32",
            expected: ["extra-service"], words: "so that it does not reach Node control-plane-1"),
        IPVSDamage(
            text: .rules, old: "-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT",
            expected: ["missing-rule"], words: "a rule of KUBE-SERVICES is missing"),
        IPVSDamage(
            text: .rules, old: "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
            new: "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n-A KUBE-MARK-MASQ -j LOG",
            expected: ["unexpected-rule"], words: "KUBE-MARK-MASQ holds a rule"),
        IPVSDamage(
            text: .rules,
            old: "-A POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING",
            expected: ["missing-jump"], words: "nothing is masqueraded"),
        IPVSDamage(
            text: .rules,
            old: "-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT\n"
                + "-A KUBE-SERVICES -m set --match-set KUBE-LOAD-BALANCER dst,dst -j ACCEPT",
            new: "-A KUBE-SERVICES -m set --match-set KUBE-LOAD-BALANCER dst,dst -j ACCEPT\n"
                + "-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT",
            expected: ["wrong-order"], words: "KUBE-SERVICES"),
        IPVSDamage(
            text: .setup, old: "sysctl net/ipv4/vs/conntrack = 1", new: "net.ipv4.vs.conntrack = 0",
            expected: ["wrong-sysctl"], words: "is not masqueraded"),
    ]
}
