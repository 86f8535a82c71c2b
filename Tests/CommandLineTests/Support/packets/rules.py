"""Puts a cluster's rules into the node's kernel."""

from __future__ import annotations

import json
from typing import Sequence

from cluster import NODE, Cluster
from network import Network, run

# The jumps from the built-in chains, which kube-proxy makes sure of by commands of their own.
JUMPS = """\
*filter
-I INPUT -m conntrack --ctstate NEW -m comment --comment portals -j KUBE-EXTERNAL-SERVICES
-I FORWARD -m conntrack --ctstate NEW -m comment --comment portals -j KUBE-EXTERNAL-SERVICES
-I INPUT -m comment --comment checks -j KUBE-NODEPORTS
-I FORWARD -m conntrack --ctstate NEW -m comment --comment portals -j KUBE-SERVICES
-I OUTPUT -m conntrack --ctstate NEW -m comment --comment portals -j KUBE-SERVICES
-I FORWARD -m comment --comment forwarding -j KUBE-FORWARD
-I INPUT -m conntrack --ctstate NEW -m comment --comment firewall -j KUBE-PROXY-FIREWALL
-I OUTPUT -m conntrack --ctstate NEW -m comment --comment firewall -j KUBE-PROXY-FIREWALL
-I FORWARD -m conntrack --ctstate NEW -m comment --comment firewall -j KUBE-PROXY-FIREWALL
{firewall}COMMIT
*nat
-I OUTPUT -m comment --comment portals -j KUBE-SERVICES
-I PREROUTING -m comment --comment portals -j KUBE-SERVICES
-I POSTROUTING -m comment --comment postrouting -j KUBE-POSTROUTING
COMMIT
"""
FIREWALL = "-I INPUT -j KUBE-FIREWALL\n-I OUTPUT -j KUBE-FIREWALL\n"


class Loader:
    """Renders with the tool under test, and loads what it prints with one of iptables' backends."""

    def __init__(self, kubechains: str, backend: str, network: Network) -> None:
        self.kubechains = kubechains
        self.network = network
        program = f"{'ip6tables' if network.addresses.is_ipv6 else 'iptables'}-{backend}-restore"
        self.restore = ["ip", "netns", "exec", "node", program, "--wait"]

    def load(self, cluster: Cluster, options: Sequence[str] = ()) -> None:
        """The node's rules are those of the cluster then, and no others."""
        family = cluster.addresses.family
        flags = ["--node", NODE, "--family", family, "--cluster-cidr", cluster.addresses.cluster_cidr, *options]
        rules = run([self.kubechains, "render", *flags, "-"], json.dumps(cluster.snapshot()))
        firewall = FIREWALL if ":KUBE-FIREWALL " in rules else ""
        # Rules which an earlier cluster had would stay otherwise.
        run(self.restore, "*filter\nCOMMIT\n*nat\nCOMMIT\n")
        run([*self.restore, "--noflush"], rules)
        run([*self.restore, "--noflush"], JUMPS.format(firewall=firewall))
        if firewall:
            # Without it the kernel takes packets of 127.0.0.1 that leave over a link for forged ones.
            self.network.configure("node", ["ipv4/conf/all/route_localnet=1"])

    def forward(self, policy: str) -> None:
        """What becomes of forwarded packets which no rule accepts: the node's own policy, not kube-proxy's."""
        run([*self.restore, "--noflush"], f"*filter\n:FORWARD {policy} [0:0]\nCOMMIT\n")
