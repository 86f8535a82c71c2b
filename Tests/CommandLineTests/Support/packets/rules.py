"""Puts a cluster's rules into the node's kernel."""

from __future__ import annotations

import json
from typing import Sequence

from cluster import NODE, Cluster
from network import Network, run


class Loader:
    """Programs the node with the tool under test, by one of iptables' backends."""

    def __init__(self, kubechains: str, backend: str, network: Network) -> None:
        self.apply = ["ip", "netns", "exec", "node", kubechains, "apply", "--force", "--backend", backend]
        program = f"{'ip6tables' if network.addresses.is_ipv6 else 'iptables'}-{backend}-restore"
        self.restore = ["ip", "netns", "exec", "node", program, "--wait"]

    def load(self, cluster: Cluster, options: Sequence[str] = ()) -> None:
        """The node's rules are those of the cluster then, and no others."""
        family = cluster.addresses.family
        flags = ["--node", NODE, "--family", family, "--cluster-cidr", cluster.addresses.cluster_cidr, *options]
        # Rules which an earlier cluster had in kubelet's chain would stay otherwise.
        run(self.restore, "*filter\nCOMMIT\n*nat\nCOMMIT\n")
        run([*self.apply, *flags, "-"], json.dumps(cluster.snapshot()))

    def forward(self, policy: str) -> None:
        """What becomes of forwarded packets which no rule accepts: the node's own policy, not kube-proxy's."""
        run([*self.restore, "--noflush"], f"*filter\n:FORWARD {policy} [0:0]\nCOMMIT\n")
