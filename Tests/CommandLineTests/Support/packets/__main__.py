"""Sends packets through a node's rules in a network of its own, and checks what servers and clients see.

    python3 packets KUBECHAINS nft|legacy ipv4|ipv6

Needs root, and the programs ip, unshare and iptables of the backend. Prints the number of flows made. Standard error
says what was not as it should be (exit code 1); a line that begins with `Skipped:` says what could not be tried.
"""

from __future__ import annotations

import sys

import scenarios
from agent import TRANSPORTS, available_protocols
from checks import Bench, destination
from cluster import Cluster
from network import Network, isolate
from rules import Loader
from shares import check_against_tables


def main() -> int:
    kubechains, backend, family = sys.argv[1:]
    isolate()
    check_against_tables()
    protocols = available_protocols()
    for protocol in TRANSPORTS.keys() - protocols:
        print(f"Skipped: no {protocol.upper()} packets are sent, for this kernel does not have it.", file=sys.stderr)
    with Network(family) as network:
        at = network.addresses
        bench = Bench(network, protocols)
        cluster = Cluster(at, scenarios.services(at), protocols)
        loader = Loader(kubechains, backend, network)

        bench.run(cluster, scenarios.checks_without_rules())
        if not at.is_ipv6:
            network.configure("node", ["ipv4/conf/all/route_localnet=1"])
            bench.run(cluster, scenarios.open_loopback_checks())
            network.configure("node", ["ipv4/conf/all/route_localnet=0"])

        loader.load(cluster)
        bench.run(cluster, scenarios.common_checks(at))
        scenarios.check_shares(bench, cluster)
        scenarios.check_affinity(bench, cluster)
        for service in ("ranges", "ranges-with-node"):
            network.assign("node", destination(cluster, service, "load-balancer IP")[0])
        bench.run(cluster, scenarios.own_balancer_checks())
        loader.forward("DROP")
        bench.run(cluster, scenarios.closed_forwarding_checks())
        loader.forward("ACCEPT")

        loader.load(cluster, ["--masquerade-all"])
        bench.run(cluster, scenarios.masquerade_all_checks())
        for addresses in (at.client_link, "primary"):
            loader.load(cluster, ["--nodeport-addresses", addresses, "--node-address", at.link(2)])
            bench.run(cluster, scenarios.one_node_port_address_checks())
        if not at.is_ipv6:
            loader.load(cluster, ["--iptables-localhost-nodeports=false"])
            bench.run(cluster, scenarios.no_localhost_checks())
    print(network.flows)
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
