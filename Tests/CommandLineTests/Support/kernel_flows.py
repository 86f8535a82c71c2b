#!/usr/bin/env python3
"""Holds `kubechains trace` against a kernel.

    unshare -n kernel_flows.py nft|legacy|nftables ipv4|ipv6 [1.N]

Loads the rules that `kubechains render` gives for a cluster into the network of kernel_network.py, with kube-proxy's jumps
and rules of all sorts besides; traces every flow through what iptables-save prints; then sends it. What `reach` says of the
set that the sender is in has to be so as well. Prints what differs, and the number of flows last. `nft` and `legacy` are
iptables' backends; with `nftables` all rules are nft's, and kube-proxy's are those of nftables mode, which `apply` loads.
$KUBECHAINS_FLOW_STEP: only each so many flows."""

import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
import nft_rules  # noqa: E402
from kernel_network import (  # noqa: E402
    CLIENT, FRIEND, IPTABLES, IPV6, IS_NFTABLES, LOOPBACK, NODE_ADDRESSES, OTHER_SOURCE, PODS, PROTOCOLS, SERVICES, SINK,
    TOOL, Sets, all_senders, all_targets, balancer_ip, cluster_ip, external_ip, insert, is_sticky, load_rules, make_network,
    pick, reach, run, send)

STEP = int(os.environ.get("KUBECHAINS_FLOW_STEP", "1"))


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


def load_all_rules():
    """Loads kube-proxy's rules and others, and returns what the host then prints."""
    load_rules()
    if IS_NFTABLES:
        run("nft", "-f", "-", text=nft_rules.other_rules(IPV6, PODS, CLIENT, OTHER_SOURCE))
        return run("nft", "list", "ruleset")
    run(f"{IPTABLES}-restore", "--noflush", text=other_rules())
    for chain in ("INPUT", "FORWARD", "OUTPUT"):
        insert(f"filter {chain} -j T-FILTER")
    return run(f"{IPTABLES}-save")


def all_flows():
    """Who sends what where: host, interface, source, destination, port, protocol, interface out."""
    senders, targets = all_senders(), all_targets()
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


def main():
    numbers = range(1, len(SERVICES) + 1)
    hosts = make_network(
        [SINK, cluster_ip(99)] + [make(n) for n in numbers for make in (cluster_ip, balancer_ip, external_ip)])
    with tempfile.NamedTemporaryFile("w", suffix=".save") as file, ThreadPoolExecutor(max_workers=4) as pool:
        file.write(load_all_rules())
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

        sets, in_sets = Sets(reach()), 0
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
