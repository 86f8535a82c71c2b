#!/usr/bin/env python3
"""Holds `kubechains trace` against a kernel.

    unshare -n kernel_flows.py nft|legacy|nftables ipv4|ipv6 [1.N]

Makes a small network around the network namespace that it runs in, which becomes a node: three pods, a client outside, and
the rest of the world, each a process in a network namespace of its own that ends with this program. Loads the rules that
`kubechains render` gives for a cluster, kube-proxy's jumps, and rules of all sorts besides; traces every flow through what
iptables-save prints; then sends it. What `reach` says of the set that the sender is in has to be so as well. Prints what
differs, and the number of flows last. `nft` and `legacy` are iptables' backends; with `nftables` all rules are nft's, and
kube-proxy's are those of nftables mode, which `apply` loads. $KUBECHAINS_FLOW_STEP: only each so many flows. $KUBECHAINS is
the tool."""

import ipaddress
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
import nft_rules  # noqa: E402

BACKEND, FAMILY = sys.argv[1:3]
# kube-proxy's version; without one the newest rules.
VERSION = sys.argv[3] if len(sys.argv) > 3 else None
STEP = int(os.environ.get("KUBECHAINS_FLOW_STEP", "1"))
MINOR = int(VERSION.split(".")[1]) if VERSION else 99
IPV6 = FAMILY == "ipv6"
IS_NFTABLES = BACKEND == "nftables"
IPTABLES = ("ip6tables" if IPV6 else "iptables") + "-" + BACKEND
HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.environ["KUBECHAINS"]
WIDTH = "128" if IPV6 else "32"


def pick(ipv4, ipv6):
    return ipv6 if IPV6 else ipv4


NODE, GATEWAY = pick("192.168.0.2", "fd00:168::2"), pick("192.168.0.1", "fd00:168::1")
POD_GATEWAY, CLIENT_GATEWAY = pick("10.244.1.1", "fd00:244:1::1"), pick("192.0.2.1", "fd00:2::1")
CLIENT, FRIEND = pick("192.0.2.7", "fd00:2::7"), pick("203.0.113.9", "2001:db8:9::9")
PODS = [pick(f"10.244.1.{n}", f"fd00:244:1::{n}") for n in (11, 12, 13)]
FAR, SINK = pick("10.244.2.5", "fd00:244:2::5"), pick("10.50.0.1", "fd00:50::1")
OTHER_SOURCE = pick("10.99.0.1", "fd00:99::1")
LOOPBACK = pick("127.0.0.1", "::1")
NODE_ADDRESSES = [NODE, POD_GATEWAY, CLIENT_GATEWAY, LOOPBACK]


def cluster_ip(n):
    return pick(f"10.96.0.{n}", f"fd00:96::{n}")


def balancer_ip(n):
    return pick(f"198.51.100.{n}", f"2001:db8:1::{n}")


def external_ip(n):
    return pick(f"198.51.101.{n}", f"2001:db8:2::{n}")


# name, endpoints, and what else the Service has.
SERVICES = [
    ("web", PODS, {"externalIPs": True, "balancer": True, "nodePort": True}),
    ("local", [PODS[0], FAR], {"balancer": True, "nodePort": True, "local": True, "ranges": [FRIEND]}),
    ("far-away", [FAR], {"externalIPs": True, "balancer": True, "nodePort": True, "local": True}),
    ("empty", [], {"externalIPs": True, "balancer": True, "nodePort": True}),
    ("sticky", PODS, {"nodePort": True, "sticky": True}),
    ("inside", [FAR], {"externalIPs": True, "internalLocal": True}),
    ("inside-here", [PODS[1], FAR], {"internalLocal": True}),
    ("on-the-node", [NODE], {"nodePort": True}),
    ("mixed", [PODS[0], FAR, PODS[2]], {"externalIPs": True, "nodePort": True}),
    ("ranged", [PODS[2]], {"balancer": True, "ranges": [CLIENT, NODE]}),
]
PROTOCOLS = ["tcp", "udp"]
PORTS = [80, 81, 8080, 8081] + list(range(30001, 30011)) + [31002, 31003] + list(range(9001, 9031))


def snapshot():
    items = []
    for n, (name, endpoints, more) in enumerate(SERVICES, 1):
        metadata = {"namespace": "test", "name": name}
        kind = "LoadBalancer" if more.get("balancer") else "NodePort" if more.get("nodePort") else "ClusterIP"
        policy = "Local" if more.get("local") else "Cluster"
        ports = [{"name": p, "protocol": p.upper(), "port": 80} for p in PROTOCOLS]
        if more.get("nodePort"):
            for port in ports:
                port["nodePort"] = 30000 + n
        spec = {"type": kind, "clusterIP": cluster_ip(n), "ports": ports}
        spec["externalIPs"] = [external_ip(n)] if more.get("externalIPs") else []
        spec["internalTrafficPolicy"] = "Local" if more.get("internalLocal") else "Cluster"
        spec["loadBalancerSourceRanges"] = [f"{address}/{WIDTH}" for address in more.get("ranges", [])]
        if kind != "ClusterIP":
            spec["externalTrafficPolicy"] = policy
        if policy == "Local":
            spec["healthCheckNodePort"] = 31000 + n
        if more.get("sticky"):
            spec["sessionAffinity"] = "ClientIP"
        ingress = [{"ip": balancer_ip(n)}] if more.get("balancer") else []
        items.append(
            {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec,
             "status": {"loadBalancer": {"ingress": ingress}}})
        items.append(
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv6" if IPV6 else "IPv4",
             "metadata": {"namespace": "test", "name": name, "labels": {"kubernetes.io/service-name": name}},
             "ports": [{"name": p, "protocol": p.upper(), "port": 8080} for p in PROTOCOLS],
             "endpoints": [
                 {"addresses": [address], "nodeName": "far" if address == FAR else "node"} for address in endpoints]})
    items.append(
        {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "all"},
         "spec": {"cidrs": [pick("10.96.0.0/16", "fd00:96::/112")]}})
    items.append(
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node"},
         "status": {"addresses": [{"type": "InternalIP", "address": NODE}]}})
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def other_rules():
    """Rules of all sorts, one matter for each port."""
    pods = [f"[{pod}]" if IPV6 else pod for pod in PODS]
    host_prohibited, no_route = pick(
        ("icmp-host-prohibited", "icmp-net-unreachable"), ("icmp6-adm-prohibited", "icmp6-no-route"))
    tables = {name: [] for name in ("raw", "mangle", "nat", "filter")}

    def add(table, chain, text):
        tables[table].append(f"-A {chain} {text}")

    for chain in ("PREROUTING", "OUTPUT"):
        add("mangle", chain, "-j T-MANGLE")
        add("nat", chain, "-j T-NAT")
    add("nat", "POSTROUTING", "-j T-POST")
    add("filter", "T-GOTO", "-j RETURN")
    # A pod does not take its own packets for answers.
    for pod in PODS:
        add("nat", "T-POST", f"-s {pod} -d {pod} -j MASQUERADE")
    for protocol in PROTOCOLS:
        def port(number):
            return f"-p {protocol} -m {protocol} --dport {number}"

        add("raw", "PREROUTING", f"{port(9001)} -j CT --notrack")
        add("raw", "OUTPUT", f"{port(9001)} -j CT --notrack")
        add("nat", "T-NAT", f"{port(9001)} -j DNAT --to-destination {pods[0]}:8080")
        add("mangle", "T-MANGLE", f"{port(9002)} -j MARK --set-xmark 0x2/0xf")
        add("nat", "T-NAT", f"-p {protocol} -m mark --mark 0x2/0xf -j DNAT --to-destination {pods[0]}:8080")
        add("nat", "T-NAT", f"{port(9003)} -j DNAT --to-destination :8081")
        add("nat", "T-NAT", f"{port(9004)} -j REDIRECT --to-ports 8080")
        add("nat", "T-POST", f"{port(9005)} -j SNAT --to-source {OTHER_SOURCE}")
        add("filter", "T-FILTER", f"{port(9006)} -g T-GOTO")
        add("filter", "T-FILTER", f"{port(9006)} -j DROP")
        add("filter", "T-FILTER", f"{port(9007)} -j T-GOTO")
        add("filter", "T-FILTER", f"{port(9007)} -j DROP")
        add("filter", "T-FILTER", f"{port(9008)} -j REJECT --reject-with {host_prohibited}")
        add("filter", "T-FILTER", f"{port(9010)} -j REJECT --reject-with {no_route}")
        add("filter", "T-FILTER", f"-p {protocol} -m multiport --dports 9011,9012:9013 -j DROP")
        add("nat", "T-NAT", f"{port(9014)} -j DNAT --to-destination {pods[0]}:8080")
        add("filter", "T-FILTER",
            f"-p {protocol} -m conntrack --ctstate DNAT --ctorigdst {SINK} --ctorigdstport 9014 --ctdir ORIGINAL -j REJECT")
        add("mangle", "T-MANGLE", f"{port(9015)} -j MARK --set-xmark 0x5/0xf")
        add("mangle", "T-MANGLE", f"{port(9015)} -j CONNMARK --save-mark --nfmask 0xf --ctmask 0xf")
        add("mangle", "T-MANGLE", f"{port(9015)} -j MARK --set-xmark 0x0/0xf")
        add("filter", "T-FILTER", f"{port(9015)} -m mark --mark 0x0/0xf -m connmark --mark 0x5/0xf -j REJECT")
        add("nat", "T-NAT", f"{port(9016)} -m statistic --mode nth --every 2 --packet 0 -j DNAT --to-destination {pods[0]}:8080")
        add("nat", "T-NAT", f"{port(9016)} -j DNAT --to-destination {pods[1]}:8080")
        add("nat", "T-NAT", f"{port(9017)} -m recent --set --name T17 -j T-NAT-17")
        add("nat", "T-NAT-17", f"-p {protocol} -m recent --rcheck --name T17 -j DNAT --to-destination {pods[2]}:8080")
        add("nat", "T-NAT", f"-p {protocol} -m multiport --dports 9018:9019 -j DNAT --to-destination {pods[0]}:8080")
        add("nat", "T-NAT", f"{port('9020:9021')} -j DNAT --to-destination {pods[1]}:8080-8081/9020")
        add("filter", "T-FILTER", f"-i veth1 {port(9022)} -j DROP")
        add("filter", "T-FILTER", f"! -i veth1 {port(9023)} -j DROP")
        add("filter", "T-FILTER", f"-o eth0 {port(9024)} -j DROP")
        add("filter", "T-FILTER", f"{port(9025)} -m addrtype --src-type LOCAL -j DROP")
        add("filter", "T-FILTER", f"! -s {CLIENT}/{pick(24, 64)} {port(9026)} -j DROP")
        add("filter", "T-FILTER", f"-p {protocol} -m {protocol} --sport 9028 -j DROP")
        add("nat", "T-NAT", f"{port(9029)} -m statistic --mode random --probability 0.25 -j RETURN")
        add("nat", "T-NAT", f"{port(9029)} -j DNAT --to-destination {pods[1]}:8080")
        add("filter", "T-FILTER", f"{port(9030)} -m limit --limit 1/min -j LOG")
    add("filter", "T-FILTER", "-p tcp -m tcp --dport 9009 -j REJECT --reject-with tcp-reset")
    add("filter", "T-FILTER", "-p tcp -m tcp --dport 9027 --tcp-flags FIN,SYN,RST,ACK SYN -j DROP")
    chains = {"mangle": ["T-MANGLE"], "nat": ["T-NAT", "T-NAT-17", "T-POST"], "filter": ["T-FILTER", "T-GOTO"]}
    text = ""
    for table, rules in tables.items():
        declared = "".join(f":{chain} - [0:0]\n" for chain in chains.get(table, []))
        text += f"*{table}\n{declared}" + "\n".join(rules) + "\nCOMMIT\n"
    return text


# kube-proxy's jumps, in the order in which it makes sure of them, each put at the top; then those of the other rules.
NEW = "-m conntrack --ctstate NEW"
JUMPS = (
    [f"filter {chain} {NEW} -j KUBE-EXTERNAL-SERVICES" for chain in ("INPUT", "FORWARD")]
    + ["filter INPUT -j KUBE-NODEPORTS"]
    + [f"filter {chain} {NEW} -j KUBE-SERVICES" for chain in ("FORWARD", "OUTPUT")]
    + ["filter FORWARD -j KUBE-FORWARD"]
    + ([f"filter {chain} {NEW} -j KUBE-PROXY-FIREWALL" for chain in ("INPUT", "OUTPUT", "FORWARD")] if MINOR > 24 else [])
    + [f"nat {chain} -j KUBE-SERVICES" for chain in ("OUTPUT", "PREROUTING")]
    + ["nat POSTROUTING -j KUBE-POSTROUTING"]
    + ([f"filter {chain} -j KUBE-FIREWALL" for chain in ("INPUT", "OUTPUT")] if MINOR == 24 or MINOR > 26 and not IPV6 else [])
    + [f"filter {chain} -j T-FILTER" for chain in ("INPUT", "FORWARD", "OUTPUT")])


# kubelet's chains, by which it drops what kube-proxy 1.24 marks.
KUBELET = """*nat
:KUBE-MARK-DROP - [0:0]
-A KUBE-MARK-DROP -j MARK --or-mark 0x8000
COMMIT
*filter
:KUBE-FIREWALL - [0:0]
-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP
COMMIT
"""


def run(*words, text=None):
    result = subprocess.run(words, input=text, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(words)}: {result.stderr}")
    return result.stdout


def ip(*words, host=None):
    inside = ["nsenter", "-t", str(host.pid), "-n"] if host else []
    run(*inside, "ip", "-6" if IPV6 else "-4", *words)


def set_sysctls():
    for name, value in {
        "ipv4/ip_forward": 1, "ipv6/conf/all/forwarding": 1, "ipv4/conf/all/route_localnet": 1,
        "ipv4/conf/all/rp_filter": 0, "ipv4/conf/default/rp_filter": 0, "ipv4/icmp_ratelimit": 0,
        "ipv4/icmp_msgs_per_sec": 100000, "ipv4/icmp_msgs_burst": 100000, "ipv6/icmp/ratelimit": 0,
        "ipv6/conf/default/accept_dad": 0, "ipv6/conf/all/accept_dad": 0,
    }.items():
        try:
            with open(f"/proc/sys/net/{name}", "w") as file:
                file.write(str(value))
        except FileNotFoundError:
            pass


class Host:
    """A host of the network: a process in a network namespace of its own, or in the node's."""

    def __init__(self, name):
        inside = [] if name == "node" else ["unshare", "-n"]
        words = inside + [sys.executable, f"{HERE}/network_host.py", name, ",".join(map(str, PORTS))]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        assert json.loads(self.process.stdout.readline()) == {"ready": name}

    def connect(self, interface, addresses, gateway):
        """Lays a cable to the node, whose end is called so."""
        run("ip", "link", "add", interface, "type", "veth", "peer", "name", "up0")
        run("ip", "link", "set", "up0", "netns", str(self.pid))
        run("ip", "link", "set", interface, "up")
        ip("addr", "add", f"{gateway}/{WIDTH}", "dev", interface, *(["nodad"] if IPV6 else []))
        ip("link", "set", "lo", "up", host=self)
        ip("link", "set", "up0", "up", host=self)
        for address in addresses:
            ip("addr", "add", f"{address}/{WIDTH}", "dev", "up0", *(["nodad"] if IPV6 else []), host=self)
        ip("route", "add", f"{addresses[0]}/{WIDTH}", "dev", interface)
        for address in addresses[1:]:
            ip("route", "add", f"{address}/{WIDTH}", "via", addresses[0], "dev", interface)
        ip("route", "add", f"{gateway}/{WIDTH}", "dev", "up0", host=self)
        ip("route", "add", "default", "via", gateway, "dev", "up0", "src", addresses[0], host=self)

    def ask(self, requests):
        """Sends all requests; the answers come later."""
        for request in requests:
            self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def answers(self, count):
        return [json.loads(self.process.stdout.readline()) for _ in range(count)]


def make_network():
    set_sysctls()
    ip("link", "set", "lo", "up")
    hosts = {name: Host(name) for name in ("pod1", "pod2", "pod3", "client", "world", "node")}
    numbers = range(1, len(SERVICES) + 1)
    world = [GATEWAY, FAR, SINK, cluster_ip(99)] + [make(n) for n in numbers for make in (cluster_ip, balancer_ip, external_ip)]
    for n, pod in enumerate(PODS, 1):
        hosts[f"pod{n}"].connect(f"veth{n}", [pod], POD_GATEWAY)
    hosts["client"].connect("eth1", [CLIENT, FRIEND], CLIENT_GATEWAY)
    hosts["world"].connect("eth0", world, NODE)
    ip("route", "add", "default", "via", GATEWAY, "dev", "eth0", "src", NODE)
    return hosts


def shaping_options():
    cidr = pick("10.244.0.0/16", "fd00:244::/32")
    options = ["--node", "node", "--family", FAMILY, "--cluster-cidr", cidr]
    return [*options, "--kube-proxy-version", VERSION] if VERSION else options


class Sets:
    """What `reach` says becomes of connections, by sets of senders."""

    def __init__(self):
        mode = ["--proxy-mode", "nftables"] if IS_NFTABLES else []
        addresses = [f"--node-address={address}" for address in NODE_ADDRESSES]
        text = run(TOOL, "reach", "-o", "json", *shaping_options(), *mode, *addresses, "-", text=snapshot())
        result = json.loads(text)["results"][0]
        self.flows, self.unserved = {}, result["unserved"]
        for flow in result["flows"]:
            to = flow["to"]
            self.flows.setdefault((to["address"], to["port"], to["protocol"]), []).append(flow)

    @staticmethod
    def has(ranges, address):
        return any(ipaddress.ip_address(address) in ipaddress.ip_network(one) for one in ranges)

    def outcome(self, flow):
        """The outcome for the set of the sender; None: there is no such frontend."""
        _, _, source, to, port, protocol, _ = flow
        own = self.flows.get((to, port, protocol))
        if own is None:
            others = [one for one in self.unserved if self.has(one["ranges"], to) and not self.has(one["except"], to)]
            return others[0]["outcome"] if others else None
        sets = [
            one for one in own
            if self.has(one["from"]["ranges"], source) and not self.has(one["from"]["except"], source)]
        assert len(sets) == 1, (flow, sets)
        return sets[0]["outcome"]

    def fits(self, outcome, seen, source):
        """Whether what a client saw is what its set says."""
        verdict = outcome["verdict"]
        if verdict == "refused":
            return seen.get("error") == "ECONNREFUSED"
        if verdict == "timeout":
            return seen.get("error") == "timeout"
        if verdict == "unchanged":
            return True
        for endpoint in outcome["endpoints"]:
            if (seen.get("local"), seen.get("port")) == (endpoint["address"], endpoint["port"]):
                is_rewritten = outcome["source"] == "rewritten"
                if endpoint["address"] == source and "toItself" in endpoint:
                    is_rewritten = endpoint["toItself"] == "rewritten"
                return seen.get("peer") in (NODE_ADDRESSES if is_rewritten else [source])
        return False


def load_rules():
    options = shaping_options()
    if IS_NFTABLES:
        words = [TOOL, "apply", "--proxy-mode", "nftables", "--verify", *options]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(snapshot())
            file.flush()
            assert "verified" in run(*words, file.name)
        run("nft", "-f", "-", text=nft_rules.other_rules(IPV6, PODS, CLIENT, OTHER_SOURCE))
        return run("nft", "list", "ruleset")
    if MINOR == 24:
        run(f"{IPTABLES}-restore", "--noflush", text=KUBELET)
    rules = run(TOOL, "render", *options, "-", text=snapshot())
    run(f"{IPTABLES}-restore", "--noflush", text=rules)
    run(f"{IPTABLES}-restore", "--noflush", text=other_rules())
    for jump in JUMPS:
        table, chain, *rest = jump.split()
        run(IPTABLES, "-t", table, "-I", chain, *rest)
    return run(f"{IPTABLES}-save")


def all_flows():
    """Who sends what where: host, interface, source, destination, port, protocol, interface out."""
    senders = [(f"pod{n}", f"veth{n}", pod) for n, pod in enumerate(PODS, 1)]
    senders += [("client", "eth1", CLIENT), ("client", "eth1", FRIEND), ("node", None, NODE)]
    targets = [(cluster_ip(1), 81), (NODE, 31002), (NODE, 31003), (NODE, 80)]
    for n, (_, _, more) in enumerate(SERVICES, 1):
        targets.append((cluster_ip(n), 80))
        if more.get("externalIPs"):
            targets.append((external_ip(n), 80))
        if more.get("balancer"):
            targets.append((balancer_ip(n), 80))
        if more.get("nodePort"):
            targets.append((NODE, 30000 + n))
    targets.append((POD_GATEWAY, 30001))
    if IS_NFTABLES:
        targets.append((cluster_ip(99), 80))
    balancers = [balancer_ip(n) for n in range(1, len(SERVICES) + 1)]
    flows = []
    for protocol in PROTOCOLS:
        for host, interface, source in senders:
            # The friend is there for source ranges alone, and what holds for one pod of other rules, holds for all.
            own = [target for target in targets if source != FRIEND or target[0] in balancers]
            flows += [(host, interface, source, to, port, protocol, None) for to, port in own]
            if host in ("pod1", "node") or source == CLIENT:
                flows += [(host, interface, source, SINK, port, protocol, "eth0") for port in range(9001, 9031)]
        for n, (_, _, more) in enumerate(SERVICES, 1):
            if more.get("nodePort"):
                flows.append(("node", None, LOOPBACK, LOOPBACK, 30000 + n, protocol, None))
    return flows


def is_sticky(flow):
    return (flow[3], flow[4]) == (cluster_ip(5), 80) or flow[4] == 30005


def trace(flow, dump, *more):
    _, interface, source, to, port, protocol, out = flow
    target = f"[{to}]:{port}" if IPV6 else f"{to}:{port}"
    # No rule asks for a client's port, but one asks whether it is 9028.
    client = f"[{source}]:40000" if IPV6 else f"{source}:40000"
    options = [f"--node-address={address}" for address in NODE_ADDRESSES]
    if interface:
        options.append(f"--in-interface={interface}")
    if out:
        options.append(f"--out-interface={out}")
    text = run(TOOL, "trace", "--from", client, "--to", f"{target}/{protocol}", "-o", "json", *options, *more, dump)
    outcomes = json.loads(text)["outcomes"]
    # MASQUERADE gives any port from 1024 on, but hardly one that a rule asks for.
    outcomes = [outcome for outcome in outcomes if not any(one["assumed"] for one in outcome["unknown"])]
    assert abs(sum(outcome["probability"] for outcome in outcomes) - 1) < 1e-9, (flow, outcomes)
    assert all(not outcome["unknown"] or outcome["masqueraded"] for outcome in outcomes), (flow, outcomes)
    return outcomes


def predict(flow, dump):
    """The ends that the rules allow: of the packet, and where it gets through, of its answer."""
    ends = trace(flow, dump)
    # kube-proxy's rules let all answers pass; a part of them is asked about.
    if (flow[3] == SINK or flow[4] % 4 == 0) and any(end["verdict"] == "accept" for end in ends):
        answers = trace(flow, dump, "--reply")
        assert len(answers) == len(ends), (flow, ends, answers)
        lost = [n for n, answer in enumerate(answers) if answer["reply"] and answer["verdict"] != "accept"]
        ends = [{**end, "verdict": "drop"} if n in lost else end for n, end in enumerate(ends)]
    return ends


ERRORS = {
    "icmp-port-unreachable": "ECONNREFUSED", "icmp6-port-unreachable": "ECONNREFUSED", "tcp-reset": "ECONNREFUSED",
    "icmp-host-prohibited": "EHOSTUNREACH", "icmp6-adm-prohibited": "EACCES", "icmp-net-unreachable": "ENETUNREACH",
    "icmp6-no-route": "ENETUNREACH",
}


def fits(end, seen, source):
    """Whether what a client saw is this end."""
    if end["verdict"] == "drop":
        return seen.get("error") == "timeout"
    if end["verdict"] == "reject":
        return seen.get("error") == ERRORS[end["rejectWith"]]
    destination = end["destination"]
    is_there = seen.get("port") == destination["port"] and seen.get("local") == destination["address"]
    if destination["address"].startswith("one of"):
        is_there = seen.get("port") == destination["port"] and seen.get("local") in NODE_ADDRESSES
    peers = [source]
    if end["masqueraded"]:
        peers = NODE_ADDRESSES if end["source"]["address"].startswith("one of") else [end["source"]["address"]]
    return is_there and seen.get("peer") in peers


def is_as_predicted(flow, ends, seen, is_whole=True):
    """Whether nothing but the predicted ends was seen, and where it is to be whole, all of them."""
    strays = [one for one in seen if not any(fits(end, one, flow[2]) for end in ends)]
    missing = [end for end in ends if not any(fits(end, one, flow[2]) for one in seen)]
    return not strays and not (is_whole and missing)


def send(hosts, flows, predictions, attempts, timeout=3):
    """What was seen of each flow, in their order."""
    seen = [None] * len(flows)
    asked = []
    for name, host in hosts.items():
        requests = []
        for n, flow in enumerate(flows):
            if flow[0] != name:
                continue
            expected = len(predictions[n])
            requests.append(
                {"id": n, "from": flow[2], "to": flow[3], "port": flow[4], "protocol": flow[5], "timeout": timeout,
                 "expected": expected, "attempts": attempts if expected > 1 else 1})
        host.ask(requests)
        asked.append((host, len(requests)))
    for host, count in asked:
        for answer in host.answers(count):
            seen[answer["id"]] = answer["seen"]
    return seen


def main():
    hosts = make_network()
    with tempfile.NamedTemporaryFile("w", suffix=".save") as file, ThreadPoolExecutor(max_workers=4) as pool:
        file.write(load_rules())
        file.flush()
        flows = all_flows()[::STEP]
        predictions = list(pool.map(lambda flow: predict(flow, file.name), flows))
        problems, counts = [], {"accept": 0, "reject": 0, "drop": 0}

        def check(flow, ends, seen, is_whole):
            if not is_as_predicted(flow, ends, seen, is_whole):
                ends = [{key: end[key] for key in end if key != "path"} for end in ends]
                problems.append(f"{flow}: predicted {ends}, seen {seen}")
            for verdict in {end["verdict"] for end in ends}:
                counts[verdict] += 1

        plain = [n for n, flow in enumerate(flows) if not is_sticky(flow)]
        seen = send(hosts, [flows[n] for n in plain], [predictions[n] for n in plain], 100)
        # On a machine that is busy an answer can come late; whatever differs is sent once more with time enough.
        late = [n for n, one in zip(plain, seen) if not is_as_predicted(flows[n], predictions[n], one)]
        retried = dict(zip(late, send(hosts, [flows[n] for n in late], [predictions[n] for n in late], 100, 20)))
        for n, one in zip(plain, seen):
            check(flows[n], predictions[n], retried.get(n, one), True)

        sets, in_sets = Sets(), 0
        for n, one in zip(plain, seen):
            outcome = sets.outcome(flows[n])
            if outcome is None:
                continue
            in_sets += 1
            strays = [what for what in retried.get(n, one) if not sets.fits(outcome, what, flows[n][2])]
            if strays:
                problems.append(f"{flows[n]}: reach says {outcome}, seen {strays}")

        # Session affinity: one attempt each, then again with what is known of the first.
        sticky = {}
        for n, flow in enumerate(flows):
            if is_sticky(flow):
                sticky.setdefault((flow[2], flow[5]), (flow, predictions[n]))
        pairs = list(sticky.values())
        first = send(hosts, [flow for flow, _ in pairs], [ends for _, ends in pairs], 1)
        again = []
        for (flow, ends), seen in zip(pairs, first):
            check(flow, ends, seen, False)
            where = f"[{seen[0]['local']}]" if IPV6 else seen[0]["local"]
            again.append(trace(flow, file.name, "--affinity-from", f"{where}:{seen[0]['port']}"))
        for (flow, _), ends, seen in zip(pairs, again, send(hosts, [flow for flow, _ in pairs], again, 1)):
            if len(ends) != 1:
                problems.append(f"{flow}: affinity leaves {len(ends)} ways")
            check(flow, ends, seen, True)
        problems and print("\n".join(problems))
        total = len(plain) + 2 * len(pairs)
        print(json.dumps({"flows": total, "problems": len(problems), "inSets": in_sets, **counts}))


main()
