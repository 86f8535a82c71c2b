"""A small network, a cluster, and what `reach` says of it: for the programs beside this one, whose command lines begin with
what the rules are made for and the family: nft|legacy|nftables|ipvs ipv4|ipv6 [1.N] [undetected] [masquerade-all]. The last
two are settings of kube-proxy: no pods are told from others, all that is sent to cluster IPs is masqueraded.

The network is around the network namespace that the program runs in, which becomes a node: three pods, a client outside, and
the rest of the world, each a process in a network namespace of its own that ends with the program. $KUBECHAINS is the tool."""

import ipaddress
import json
import os
import shutil
import subprocess
import sys
import tempfile

BACKEND, FAMILY = sys.argv[1:3]
# kube-proxy's version; without one the newest rules.
VERSION = next((word for word in sys.argv[3:] if word.startswith("1.")), None)
MINOR = int(VERSION.split(".")[1]) if VERSION else 99
IPV6 = FAMILY == "ipv6"
IPTABLES = ("ip6tables" if IPV6 else "iptables") + "-" + BACKEND
IS_NFTABLES = BACKEND == "nftables"
IS_IPVS = BACKEND == "ipvs"
HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.environ.get("KUBECHAINS")
# With its path, for a busybox that finds a command of its own name first.
IP = shutil.which("ip")
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
    ("partly-on-the-node", [PODS[1], NODE], {"externalIPs": True, "nodePort": True}),
]
PROTOCOLS = ["tcp", "udp"]
PORTS = [80, 81, 8080, 8081] + list(range(30001, 30012)) + [31002, 31003] + list(range(9001, 9031))


def all_senders():
    """Who sends: host, the node's interface, source."""
    pods = [(f"pod{n}", f"veth{n}", pod) for n, pod in enumerate(PODS, 1)]
    return pods + [("client", "eth1", CLIENT), ("client", "eth1", FRIEND), ("node", None, NODE)]


def all_targets():
    """Where to: the Services' addresses, and some that no Service has at their ports."""
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
    return targets + [(cluster_ip(99), 80)] if IS_NFTABLES else targets


def is_sticky(flow):
    return (flow[3], flow[4]) == (cluster_ip(5), 80) or flow[4] == 30005


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
         "spec": {"podCIDRs": [pick("10.244.1.0/24", "fd00:244:1::/64")]},
         "status": {"addresses": [{"type": "InternalIP", "address": NODE}]}})
    items.append(
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "far"},
         "spec": {"podCIDRs": [pick("10.244.2.0/24", "fd00:244:2::/64")]},
         "status": {"addresses": [{"type": "InternalIP", "address": GATEWAY}]}})
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def run(*words, text=None):
    result = subprocess.run(words, input=text, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(words)}: {result.stderr}")
    return result.stdout


def ip(*words, host=None):
    inside = ["nsenter", "-t", str(host.pid), "-n"] if host else []
    run(*inside, IP, "-6" if IPV6 else "-4", *words)


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
        run(IP, "link", "add", interface, "type", "veth", "peer", "name", "up0")
        run(IP, "link", "set", "up0", "netns", str(self.pid))
        run(IP, "link", "set", interface, "up")
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


def make_network(world):
    """The hosts by name; the rest of the world has some addresses."""
    set_sysctls()
    ip("link", "set", "lo", "up")
    hosts = {name: Host(name) for name in ("pod1", "pod2", "pod3", "client", "world", "node")}
    for n, pod in enumerate(PODS, 1):
        hosts[f"pod{n}"].connect(f"veth{n}", [pod], POD_GATEWAY)
    hosts["client"].connect("eth1", [CLIENT, FRIEND], CLIENT_GATEWAY)
    hosts["world"].connect("eth0", [GATEWAY, FAR] + world, NODE)
    ip("route", "add", "default", "via", GATEWAY, "dev", "eth0", "src", NODE)
    return hosts


def shaping_options():
    options = ["--node", "node", "--family", FAMILY]
    if "undetected" not in sys.argv:
        options += ["--cluster-cidr", pick("10.244.0.0/16", "fd00:244::/32")]
    if "masquerade-all" in sys.argv:
        options.append("--masquerade-all")
    return [*options, "--kube-proxy-version", VERSION] if VERSION else options


# kube-proxy's jumps, in the order in which it makes sure of them, each put at the top.
NEW = "-m conntrack --ctstate NEW"
JUMPS = (
    [f"filter {chain} {NEW} -j KUBE-EXTERNAL-SERVICES" for chain in ("INPUT", "FORWARD")]
    + ["filter INPUT -j KUBE-NODEPORTS"]
    + [f"filter {chain} {NEW} -j KUBE-SERVICES" for chain in ("FORWARD", "OUTPUT")]
    + ["filter FORWARD -j KUBE-FORWARD"]
    + ([f"filter {chain} {NEW} -j KUBE-PROXY-FIREWALL" for chain in ("INPUT", "OUTPUT", "FORWARD")] if MINOR > 24 else [])
    + [f"nat {chain} -j KUBE-SERVICES" for chain in ("OUTPUT", "PREROUTING")]
    + ["nat POSTROUTING -j KUBE-POSTROUTING"]
    + ([f"filter {chain} -j KUBE-FIREWALL" for chain in ("INPUT", "OUTPUT")] if MINOR == 24 or MINOR > 26 and not IPV6 else []))


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


def load_rules():
    """Loads the rules that kube-proxy has for the cluster."""
    options = shaping_options()
    if IS_NFTABLES:
        words = [TOOL, "apply", "--proxy-mode", "nftables", "--verify", *options]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(snapshot())
            file.flush()
            assert "verified" in run(*words, file.name)
        return
    if MINOR == 24:
        run(f"{IPTABLES}-restore", "--noflush", text=KUBELET)
    rules = run(TOOL, "render", *options, "-", text=snapshot())
    run(f"{IPTABLES}-restore", "--noflush", text=rules)
    for jump in JUMPS:
        insert(jump)


def insert(jump):
    table, chain, *rest = jump.split()
    run(IPTABLES, "-t", table, "-I", chain, *rest)


def host_options():
    mode = ["--proxy-mode", BACKEND] if IS_NFTABLES or IS_IPVS else []
    return [*shaping_options(), *mode, *(f"--node-address={address}" for address in NODE_ADDRESSES)]


def reach():
    return run(TOOL, "reach", "-o", "json", *host_options(), "-", text=snapshot())


class Sets:
    """What `reach` says becomes of connections, by sets of senders."""

    def __init__(self, text):
        """What `reach -o json` printed."""
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
        if seen.get("error") == "timeout":
            return any(not endpoint.get("answers", True) for endpoint in outcome["endpoints"])
        for endpoint in outcome["endpoints"]:
            if (seen.get("local"), seen.get("port")) == (endpoint["address"], endpoint["port"]):
                is_rewritten = endpoint.get("source", outcome["source"]) == "rewritten"
                if endpoint["address"] == source and "toItself" in endpoint:
                    is_rewritten = endpoint["toItself"] == "rewritten"
                return seen.get("peer") in (NODE_ADDRESSES if is_rewritten else [source])
        return False


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
            # What the node sends to an address of kube-ipvs0 comes from there, unless a program wants it otherwise.
            source = "" if IS_IPVS and name == "node" else flow[2]
            requests.append(
                {"id": n, "from": source, "to": flow[3], "port": flow[4], "protocol": flow[5], "timeout": timeout,
                 "expected": expected, "attempts": attempts if expected > 1 else 1})
        host.ask(requests)
        asked.append((host, len(requests)))
    for host, count in asked:
        for answer in host.answers(count):
            seen[answer["id"]] = answer["seen"]
    return seen
