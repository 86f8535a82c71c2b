"""Connections of a node whose cluster changes under them.

    unshare -n connections.py MODE FAMILY

Applies a snapshot with the tool in $KUBECHAINS, sends TCP, UDP and, where the kernel has it, SCTP through the Services, changes
the snapshot, and audits the kernel's connections. What should be found is worked out here from what `conntrack -L` prints. The
commands of the findings are then run: what they leave must be all other connections. Prints a line for each change."""

import copy
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

MODE, FAMILY = sys.argv[1:3]
TOOL = os.environ["KUBECHAINS"]
IS_SIX = FAMILY == "ipv6"
SOCKETS = socket.AF_INET6 if IS_SIX else socket.AF_INET
BITS = 128 if IS_SIX else 32


def address(four, six):
    return six if IS_SIX else four


NODE = address("192.0.2.1", "2001:db8:1::1")
HERE, THERE = address("10.244.1.5", "fd00:244:1::5"), address("10.244.2.7", "fd00:244:2::7")
POD, OUTSIDE = address("10.244.1.9", "fd00:244:1::9"), address("198.51.100.77", "2001:db8:77::77")
BALANCER = address("203.0.113.9", "2001:db8:9::9")
EXTERNAL = address("198.51.100.9", "2001:db8:51::9")
ALL_PODS = address("10.244.0.0/16", "fd00:244::/32")
STRANGER = address("192.0.2.99", "2001:db8:1::99")
CLUSTER = {name: address(f"10.96.0.{number}", f"fd00:96::{number}") for name, number in
           {"dns": 10, "web": 20, "logs": 30, "kept": 40, "signal": 50}.items()}
PORTS = {"dns": (53, 5353, "UDP"), "web": (80, 8080, "TCP"), "logs": (514, 5514, "UDP"), "kept": (81, 8081, "TCP"),
         "signal": (2905, 2906, "SCTP")}
NODE_PORT = 30080


def service(name):
    port, target, protocol = PORTS[name]
    spec = {
        "type": "ClusterIP", "clusterIP": CLUSTER[name], "clusterIPs": [CLUSTER[name]],
        "ipFamilies": ["IPv6" if IS_SIX else "IPv4"], "internalTrafficPolicy": "Cluster", "sessionAffinity": "None",
        "ports": [{"port": port, "targetPort": target, "protocol": protocol}]}
    status = {"loadBalancer": {}}
    if name == "web":
        spec |= {"type": "LoadBalancer", "externalTrafficPolicy": "Cluster", "externalIPs": [EXTERNAL]}
        spec["ports"][0]["nodePort"] = NODE_PORT
        status = {"loadBalancer": {"ingress": [{"ip": BALANCER, "ipMode": "VIP"}]}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": spec,
            "status": status}


def endpoint_slice(name):
    _, target, protocol = PORTS[name]
    conditions = {"ready": True, "serving": True, "terminating": False}
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv6" if IS_SIX else "IPv4",
        "metadata": {"name": f"{name}-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": name}},
        "ports": [{"name": "", "port": target, "protocol": protocol}],
        "endpoints": [{"addresses": [HERE], "nodeName": "here", "conditions": dict(conditions)},
                      {"addresses": [THERE], "nodeName": "there", "conditions": dict(conditions)}]}


def node(name, host, pods):
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {"podCIDR": pods, "podCIDRs": [pods]},
            "status": {"addresses": [{"type": "InternalIP", "address": host}],
                       "nodeInfo": {"kubeletVersion": "v1.36.2", "kubeProxyVersion": ""}}}


class Snapshot:
    def __init__(self):
        self.services = {name: service(name) for name in PORTS}
        self.slices = {name: endpoint_slice(name) for name in PORTS}

    def text(self):
        nodes = [node("here", NODE, address("10.244.1.0/24", "fd00:244:1::/64")),
                 node("there", address("192.0.2.2", "2001:db8:1::2"), address("10.244.2.0/24", "fd00:244:2::/64"))]
        items = list(self.services.values()) + list(self.slices.values()) + nodes
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def run(*arguments, check=True):
    result = subprocess.run(arguments, capture_output=True, text=True)
    if check and result.returncode != 0:
        sys.exit(f"{' '.join(arguments)}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result


# MARK: Sending

def listen(host, port, kind, protocol=0):
    server = socket.socket(SOCKETS, kind, protocol)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    if kind == socket.SOCK_STREAM:
        server.listen(4096)
    return server


def has_sctp():
    try:
        socket.socket(SOCKETS, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
        return True
    except OSError:
        return False


class Traffic:
    """Connections that stay open."""

    def __init__(self):
        self.open = []

    def connect(self, source, to, port, kind=socket.SOCK_STREAM, protocol=0):
        client = socket.socket(SOCKETS, kind, protocol)
        client.settimeout(5)
        client.bind((source, 0))
        client.connect((to, port))
        if kind == socket.SOCK_DGRAM:
            client.send(b"?")
        self.open.append(client)

    def send(self):
        for _ in range(12):
            self.connect(POD, CLUSTER["dns"], 53, socket.SOCK_DGRAM)
            self.connect(POD, CLUSTER["logs"], 514, socket.SOCK_DGRAM)
            self.connect(POD, CLUSTER["web"], 80)
            self.connect(POD, CLUSTER["kept"], 81)
            self.connect(OUTSIDE, BALANCER, 80)
            self.connect(OUTSIDE, EXTERNAL, 80)
            self.connect(OUTSIDE, NODE, NODE_PORT)
            if has_sctp():
                self.connect(POD, CLUSTER["signal"], 2905, protocol=socket.IPPROTO_SCTP)
        # Another program's translation, and a connection to no Service.
        self.connect(OUTSIDE, STRANGER, 7000)
        self.connect(POD, HERE, 8080)

    def close(self):
        for client in self.open:
            client.close()
        self.open = []
        run("conntrack", "-F")


ENTRY = re.compile(r"^(\w+) .*?src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+).*? src=(\S+) dst=\S+ sport=(\d+)")


SERVER_PORTS = {target for _, target, _ in PORTS.values()}
CLOSING = re.compile(r" (FIN_WAIT|CLOSE_WAIT|LAST_ACK|TIME_WAIT|CLOSE) ")


def entries(closing=None):
    """The connections: protocol, client, destination, their ports, target, its port; and whether they are closed."""
    found = set()
    for line in run("conntrack", "-L", "-f", FAMILY).stdout.splitlines():
        match = ENTRY.match(line)
        # What a server still sends to a client that is gone is taken for a connection of its own.
        if match and int(match.group(4)) in SERVER_PORTS:
            continue
        if match and closing in (None, CLOSING.search(line) is not None):
            found.add(match.groups())
    return found


# MARK: Changes

def endpoints(snapshot, change, *names):
    """Changes the endpoint on this node of some Services."""
    for name in names or PORTS:
        change(snapshot.slices[name]["endpoints"])


def removed(all):
    del all[0]


def conditions(ready, serving, terminating):
    def change(all):
        all[0]["conditions"] = {"ready": ready, "serving": serving, "terminating": terminating}
    return change


def delete(snapshot, name):
    del snapshot.services[name]
    del snapshot.slices[name]


def spec(snapshot, name, **values):
    snapshot.services[name]["spec"] |= values


def is_to(name):
    destinations = {CLUSTER[name]} | ({BALANCER, EXTERNAL, NODE} if name == "web" else set())
    return lambda entry: entry[2] in destinations


def is_udp(entry):
    return entry[0] == "udp"


def goes_to(target):
    return lambda entry: entry[5] == target and not entry[2] == STRANGER and not entry[2] == HERE


# What changes; which connections are wrong then; the identifiers that report them.
CHANGES = [
    ("nothing", lambda s: None, lambda e: False, set()),
    ("an endpoint is removed", lambda s: endpoints(s, removed), goes_to(HERE), {"stale-connection"}),
    ("a Service is scaled to zero", lambda s: s.slices["dns"]["endpoints"].clear(), is_to("dns"), {"stale-connection"}),
    ("an endpoint is not ready", lambda s: endpoints(s, conditions(False, False, False)), goes_to(HERE),
     {"stale-connection"}),
    ("an endpoint terminates and serves", lambda s: endpoints(s, conditions(False, True, True)), lambda e: False, set()),
    ("an endpoint terminates", lambda s: endpoints(s, conditions(False, False, True)),
     lambda e: goes_to(HERE)(e) and is_udp(e), {"stale-connection"}),
    ("a UDP Service is deleted", lambda s: delete(s, "logs"), is_to("logs"), {"orphaned-connection"}),
    ("a Service with all kinds of addresses is deleted", lambda s: delete(s, "web"),
     # Of an address outside the Services' range nothing is known once the Service and its endpoints are gone.
     lambda e: e[2] in (CLUSTER["web"], NODE), {"orphaned-connection"}),
    ("a Service is deleted, and its endpoints stay", lambda s: s.services.pop("web"), is_to("web"),
     {"orphaned-connection"}),
    ("internalTrafficPolicy Local", lambda s: spec(s, "web", internalTrafficPolicy="Local"),
     lambda e: e[2] == CLUSTER["web"] and e[5] == THERE, {"connection-past-policy"}),
    ("externalTrafficPolicy Local", lambda s: spec(s, "web", externalTrafficPolicy="Local"),
     lambda e: e[2] in (BALANCER, EXTERNAL, NODE) and e[5] == THERE, {"connection-past-policy"}),
    ("source ranges without the client", lambda s: spec(s, "web", loadBalancerSourceRanges=["192.0.2.128/25", "2001:db8:f::/48"]),
     lambda e: e[2] == BALANCER, {"connection-past-policy"}),
    ("source ranges with the client", lambda s: spec(s, "web", loadBalancerSourceRanges=[OUTSIDE + f"/{BITS}"]),
     lambda e: False, set()),
]


def audit(snapshot, connections):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(snapshot.text())
        file.flush()
        result = run(TOOL, "audit", "--node", "here", "--family", FAMILY, "--cluster-cidr", ALL_PODS, "--proxy-mode", MODE,
                     "--conntrack", connections, "-o", "json", file.name, check=False)
    if result.returncode not in (0, 1):
        sys.exit(f"audit: {result.returncode}\n{result.stdout}{result.stderr}")
    return json.loads(result.stdout)["findings"]


def lists():
    """Every form in which connections are listed, as files."""
    texts = [run("conntrack", "-L", "-f", FAMILY, *form).stdout
             for form in ([], ["-o", "xml"], ["-o", "extended,id,timestamp"])]
    with open("/proc/net/nf_conntrack") as table:
        texts.append(table.read())
    for text in texts:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            yield file.name


def main():
    run("ip", "link", "set", "lo", "up")
    for host in (NODE, HERE, THERE, POD, OUTSIDE):
        run("ip", "address", "add", f"{host}/{BITS}", "dev", "lo", *(["nodad"] if IS_SIX else []))
    run("ip", "-6" if IS_SIX else "-4", "route", "add", "default", "dev", "lo")
    original = Snapshot()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(original.text())
        file.flush()
        run(TOOL, "apply", "--node", "here", "--family", FAMILY, "--cluster-cidr", ALL_PODS, "--proxy-mode", MODE, file.name)
    iptables = "ip6tables" if IS_SIX else "iptables"
    target = f"[{HERE}]:7001" if IS_SIX else f"{HERE}:7001"
    run(iptables + "-nft", "-t", "nat", "-A", "OUTPUT", "-d", STRANGER, "-p", "tcp", "-j", "DNAT", "--to-destination", target)
    servers = [listen(host, port, kind) for host in (HERE, THERE)
               for port, kind in [(8080, socket.SOCK_STREAM), (8081, socket.SOCK_STREAM), (7001, socket.SOCK_STREAM),
                                  (5353, socket.SOCK_DGRAM), (5514, socket.SOCK_DGRAM)]]
    if has_sctp():
        servers += [listen(host, 2906, socket.SOCK_STREAM, socket.IPPROTO_SCTP) for host in (HERE, THERE)]
    else:
        print("Skipped: the kernel has no SCTP.", file=sys.stderr)

    problems = []
    for name, change, is_wrong, identifiers in CHANGES:
        traffic = Traffic()
        traffic.send()
        snapshot = copy.deepcopy(original)
        change(snapshot)
        before = entries()
        # The end of a former connection may come late.
        wrong = {entry for entry in entries(closing=False) if is_wrong(entry)}
        findings = audit(snapshot, "host")
        found = {finding["id"] for finding in findings}
        if found != identifiers:
            problems.append(f"{name}: {sorted(found)} instead of {sorted(identifiers)}")
        for file in lists() if name == "an endpoint is removed" else []:
            other = audit(snapshot, file)
            if [f["effect"] for f in other] != [f["effect"] for f in findings]:
                problems.append(f"{name}: {other} of a list instead of {findings} of the host")
        for finding in findings:
            for command in finding["commands"]:
                run(*command.split())
        left = entries()
        if before - left != wrong:
            problems.append(f"{name}: deleted are {sorted(before - left)} instead of {sorted(wrong)}")
        again = audit(snapshot, "host")
        if again:
            problems.append(f"{name}: found again: {again}")
        print(f"{name}: {len(before)} connections, {len(wrong)} of them wrong, {len(findings)} findings")
        traffic.close()
    if problems:
        sys.exit("\n".join(problems))


main()
