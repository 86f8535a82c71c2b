#!/usr/bin/env python3
"""Holds what `kubechains reach` says against a kernel.

    unshare -n reach_flows.py nft|legacy|nftables ipv4|ipv6 [1.N] [undetected] [masquerade-all]
    reach_flows.py ipvs ipv4|ipv6 [undetected] [masquerade-all] prepare FOLDER
                                                     makes a case for run-vm.sh, in whose machine it runs

Sends connections from all sides of the network of kernel_network.py to all frontends of its cluster, through kube-proxy's rules
alone. What each client saw has to be what is said of the set that it is in. Prints what differs, and the numbers last.
$KUBECHAINS_FLOW_STEP: only each so many flows."""

import json
import os
import shutil
import sys

sys.dont_write_bytecode = True
from kernel_network import (  # noqa: E402
    CLIENT, FAR, FRIEND, GATEWAY, HERE, IP, IS_IPVS, NODE_ADDRESSES, PROTOCOLS, TOOL, WIDTH, Sets, all_senders, all_targets,
    host_options, ip, is_sticky, load_rules, make_network, reach, run, send, snapshot)

STEP = int(os.environ.get("KUBECHAINS_FLOW_STEP", "1"))


def prepare(folder):
    run(TOOL, "render", "--output-dir", folder, *host_options(), "-", text=snapshot())
    files = os.path.join(folder, "files")
    os.mkdir(files)
    for name in ("reach_flows.py", "kernel_network.py", "network_host.py"):
        shutil.copy(os.path.join(HERE, name), files)
    with open(os.path.join(files, "reach.json"), "w") as file:
        file.write(reach())
    with open(os.path.join(folder, "probe"), "w") as file:
        name = os.path.basename(folder)
        words = f"/usr/bin/python3 reach_flows.py {' '.join(sys.argv[1:-2])}"
        file.write(f"cd /cases/{name}/files && KUBECHAINS_FLOW_STEP={STEP} {words} 2>&1\n")


def add_shortcut(hosts):
    """The rest of the world has a way of its own to the client, and its nodes have the Services' addresses too, so that answers
    to addresses that are not rewritten pass the node by."""
    world, client = hosts["world"], hosts["client"]
    run(IP, "link", "add", "past0", "netns", str(world.pid), "type", "veth", "peer", "name", "past0", "netns", str(client.pid))
    for host in (world, client):
        ip("link", "set", "past0", "up", host=host)
    link = json.loads(run("nsenter", "-t", str(client.pid), "-n", IP, "-j", "link", "show", "past0"))[0]
    for address in (CLIENT, FRIEND):
        ip("neigh", "add", address, "lladdr", link["address"], "dev", "past0", "nud", "permanent", host=world)
        ip("route", "add", f"{address}/{WIDTH}", "dev", "past0", "src", FAR, host=world)
    for address in {to for to, _ in all_targets()} - set(NODE_ADDRESSES):
        ip("rule", "add", "to", address, "sport", "8080", "blackhole", host=world)


def hold_addresses_last():
    """A node has addresses of its own before it gets those of Services: MASQUERADE takes the first."""
    run(IP, "link", "del", "kube-ipvs0")
    run(IP, "link", "add", "kube-ipvs0", "type", "dummy")
    with open("../addresses") as file:
        for line in file:
            ip("addr", "add", line.strip(), "dev", "kube-ipvs0")


def main():
    if IS_IPVS:
        with open("reach.json") as file:
            sets = Sets(file.read())
    else:
        sets = Sets(reach())
    hosts = make_network([])
    add_shortcut(hosts)
    if IS_IPVS:
        hold_addresses_last()
    else:
        load_rules()
    senders = all_senders() + [("world", "eth0", FAR), ("world", "eth0", GATEWAY)]
    flows = [
        (host, interface, source, to, port, protocol, None)
        for protocol in PROTOCOLS for host, interface, source in senders for to, port in all_targets()]
    outcomes = [sets.outcome(flow) for flow in flows]
    asked = [(flow, outcome) for flow, outcome in zip(flows, outcomes) if outcome and outcome["verdict"] != "unchanged"][::STEP]
    flows, outcomes = [flow for flow, _ in asked], [outcome for _, outcome in asked]

    def expected(n):
        """One for each endpoint to be seen; with affinity a client stays with its first one."""
        return [None] * (1 if is_sticky(flows[n]) else len(outcomes[n].get("endpoints", [1])))

    def is_right(n, seen):
        strays = [one for one in seen if not sets.fits(outcomes[n], one, flows[n][2])]
        return not strays and len(seen) >= len(expected(n))

    everything = range(len(flows))
    seen = send(hosts, flows, [expected(n) for n in everything], 100, 1)
    # On a machine that is busy an answer can come late; whatever differs is sent once more with time enough.
    late = [n for n in everything if not is_right(n, seen[n])]
    for n, one in zip(late, send(hosts, [flows[n] for n in late], [expected(n) for n in late], 100, 20)):
        seen[n] = one
    problems = [n for n in everything if not is_right(n, seen[n])]
    for n in problems:
        print(f"{flows[n]}: reach says {outcomes[n]}, seen {seen[n]}")
    counts = {verdict: sum(one["verdict"] == verdict for one in outcomes) for verdict in ("endpoints", "refused", "timeout")}
    print(json.dumps({"flows": len(flows), "problems": len(problems), **counts}))


if "prepare" in sys.argv:
    prepare(sys.argv[-1])
else:
    main()
