"""The Services of the test cluster, and what clients see of them as Kubernetes documents it."""

from __future__ import annotations

import time
from typing import Iterator

from checks import KEPT, MASQUERADED, PATIENCE, REFUSED, SILENCE, UNTRANSLATED
from checks import Bench, Check, Reached, counted, destination, own_address, wait_until
from cluster import NODE, OTHER_NODE, OTHER_ZONE, ZONE, Cluster, Endpoint, Service
from network import ADDRESSES_BEHIND_THE_CLIENT, ADDRESSES_OF_A_POD, PODS, Addresses, Flow
from shares import chance_of_equal_shares

A, B, C, FAR = Endpoint("a"), Endpoint("b"), Endpoint("c"), Endpoint("far")
TEN = [Endpoint(pod, index) for pod in PODS for index in range(ADDRESSES_OF_A_POD)] + [FAR]

# More connections where shares are small, to tell them from others. Of the ten endpoints several are addresses of one
# pod, which would take what it sends to another of its own for forged, so the client is none of them.
WAYS_FOR_SHARES = [
    ("two", "b", "cluster IP", 2048),
    ("three", "b", "cluster IP", 2048),
    ("ten", "outside", "node port", 4096),
]
SMALLEST_CHANCE = 0.000001
BRIEF = 2

FROM_OUTSIDE = ("node port", "node port, other address", "external IP", "load-balancer IP")


def services(at: Addresses) -> list[Service]:
    def leaving(pod: str, serving: bool = True) -> Endpoint:
        return Endpoint(pod, ready=False, serving=serving, terminating=True)

    return [
        Service("plain", [A, B, C, FAR]),
        Service("hairpin", [A]),
        Service("two", [A, FAR]),
        Service("three", [A, B, C]),
        Service("ten", TEN),
        Service("local", [A, B, FAR], external_policy="Local"),
        Service("elsewhere", [FAR], external_policy="Local"),
        Service("internal", [A, FAR], internal_policy="Local"),
        Service("internal-elsewhere", [FAR], internal_policy="Local", within_cluster=True),
        Service("none", []),
        Service("unready", [Endpoint("a", ready=False, serving=False)]),
        Service("ranges", [A, FAR], source_ranges=(at.behind_the_client,)),
        Service("ranges-with-node", [A, FAR], source_ranges=(at.client_link,)),
        Service("sticky", [A, B, FAR], affinity_seconds=10800),
        Service("briefly-sticky", [A, B, FAR], affinity_seconds=BRIEF),
        Service("terminating", [leaving("a"), leaving("b", serving=False)]),
        Service("draining", [A, leaving("b")]),
        Service("draining-here", [leaving("a"), FAR], external_policy="Local"),
        Service("zoned", [
            Endpoint("a", zones=(ZONE,)), Endpoint("far", zones=(ZONE, OTHER_ZONE)),
            Endpoint("b", zones=(OTHER_ZONE,)), Endpoint("c", zones=(OTHER_ZONE,)),
        ]),
        Service("half-zoned", [Endpoint("a", zones=(ZONE,)), Endpoint("b", zones=(OTHER_ZONE,)), C]),
        Service("other-zone", [Endpoint("a", zones=(OTHER_ZONE,)), Endpoint("far", zones=(OTHER_ZONE,))]),
        Service("by-node", [Endpoint("a", nodes=(NODE,)), Endpoint("b", nodes=(OTHER_NODE,))]),
    ]  # fmt: skip


def to(servers: str, seen: str) -> Reached:
    """These servers, all of which see this of the client."""
    return dict.fromkeys(servers.split(), seen)


def checks_without_rules() -> Iterator[Check]:
    """That the network itself answers to every address, so that whatever the rules do not catch is seen."""
    for way in ("cluster IP", *FROM_OUTSIDE):
        for client in ("outside", "b", "node"):
            yield Check("plain", client, way, UNTRANSLATED)
    yield Check("plain", "node", "node port on loopback", UNTRANSLATED)


def open_loopback_checks() -> Iterator[Check]:
    """Without rules a kernel that routes loopback addresses lets a neighbour in."""
    yield Check("none", "outside", "own port on loopback", UNTRANSLATED)


def common_checks(at: Addresses) -> Iterator[Check]:
    """With the default settings."""
    yield from reaching()
    yield from traffic_policies()
    yield from without_endpoints()
    yield from source_ranges(at)
    yield from choice_of_endpoints()
    # The node port on loopback is a thing of IPv4: no address but ::1 may send to ::1.
    loopback = UNTRANSLATED if at.is_ipv6 else to("a b c far", MASQUERADED)
    yield Check("plain", "node", "node port on loopback", loopback)
    loopback = UNTRANSLATED if at.is_ipv6 else to("a b far", MASQUERADED)
    yield Check("local", "node", "node port on loopback", loopback)
    if not at.is_ipv6:
        # Node ports on loopback need a kernel that takes such packets, and rules that drop all others of this kind.
        yield Check("none", "outside", "own port on loopback", SILENCE)


def reaching() -> Iterator[Check]:
    """Every way into a Service from everywhere."""
    yield Check("plain", "b", "cluster IP", to("a c far", KEPT) | to("b", MASQUERADED))
    yield Check("plain", "node", "cluster IP", to("a b c far", MASQUERADED))
    yield Check("plain", "outside", "cluster IP", to("a b c far", MASQUERADED))
    yield Check("hairpin", "a", "cluster IP", to("a", MASQUERADED))
    for way in FROM_OUTSIDE:
        for client in ("outside", "b", "node"):
            yield Check("plain", client, way, to("a b c far", MASQUERADED))
        yield Check("hairpin", "a", way, to("a", MASQUERADED))


def traffic_policies() -> Iterator[Check]:
    """A Local policy keeps to the node's own endpoints.

    The external one also keeps the client's address. Pods and the node itself are no external clients: they get to
    every endpoint.
    """
    for way in FROM_OUTSIDE:
        yield Check("local", "outside", way, to("a b", KEPT))
        yield Check("local", "c", way, to("a b far", KEPT))
        yield Check("local", "a", way, to("b far", KEPT) | to("a", MASQUERADED))
        yield Check("local", "node", way, to("a b far", MASQUERADED))
        yield Check("elsewhere", "outside", way, SILENCE)
        yield Check("elsewhere", "c", way, to("far", KEPT))
        yield Check("elsewhere", "node", way, to("far", MASQUERADED))
        yield Check("internal", "outside", way, to("a far", MASQUERADED))
    yield Check("local", "c", "cluster IP", to("a b far", KEPT))
    yield Check("elsewhere", "c", "cluster IP", to("far", KEPT))
    yield Check("internal", "b", "cluster IP", to("a", KEPT))
    yield Check("internal", "a", "cluster IP", to("a", MASQUERADED))
    yield Check("internal", "node", "cluster IP", to("a", MASQUERADED))
    for client in ("b", "node", "outside"):
        yield Check("internal-elsewhere", client, "cluster IP", SILENCE)


def without_endpoints() -> Iterator[Check]:
    for service in ("none", "unready"):
        for client in ("outside", "b", "node"):
            yield Check(service, client, "cluster IP", REFUSED)
            yield Check(service, client, "node port", REFUSED)
        for client in ("outside", "b"):
            yield Check(service, client, "external IP", REFUSED)
            yield Check(service, client, "load-balancer IP", REFUSED)
        yield Check(service, "node", "node port on loopback", REFUSED)


def source_ranges(at: Addresses) -> Iterator[Check]:
    """Ranges are for the load-balancer IP only, and for every client of it."""
    both = to("a far", MASQUERADED)
    yield Check("ranges", "outside", "load-balancer IP", both, source=at.behind(1))
    yield Check("ranges", "outside", "load-balancer IP", SILENCE)
    yield Check("ranges", "b", "load-balancer IP", SILENCE)
    yield Check("ranges", "node", "load-balancer IP", SILENCE)
    yield Check("ranges", "outside", "external IP", both)
    yield Check("ranges", "outside", "node port", both)
    yield Check("ranges-with-node", "outside", "load-balancer IP", both)
    yield Check("ranges-with-node", "outside", "load-balancer IP", SILENCE, source=at.behind(1))
    yield Check("ranges-with-node", "node", "load-balancer IP", both, source=at.link(2))


def own_balancer_checks() -> Iterator[Check]:
    """Where a load-balancer IP is an address of the node, the node sends to it from it, and may if its node IP may."""
    yield Check("ranges-with-node", "node", "load-balancer IP", to("a far", MASQUERADED))
    yield Check("ranges", "node", "load-balancer IP", SILENCE)


def choice_of_endpoints() -> Iterator[Check]:
    """Terminating endpoints, and hints."""
    chosen = {
        "terminating": "a", "draining": "a", "draining-here": "far",
        "zoned": "a far", "half-zoned": "a b c", "other-zone": "a far", "by-node": "a",
    }  # fmt: skip
    for service, servers in chosen.items():
        client = "c" if service != "half-zoned" else "node"
        yield Check(service, client, "cluster IP", to(servers, KEPT if client == "c" else MASQUERADED))
        if service != "draining-here":
            yield Check(service, "outside", "node port", to(servers, MASQUERADED))
    yield Check("draining-here", "outside", "node port", to("a", KEPT))


def masquerade_all_checks() -> Iterator[Check]:
    """What goes to a cluster IP is masqueraded, and no more than before of what goes elsewhere."""
    for client in ("b", "node", "outside"):
        yield Check("plain", client, "cluster IP", to("a b c far", MASQUERADED))
    yield Check("internal", "b", "cluster IP", to("a", MASQUERADED))
    yield Check("local", "outside", "node port", to("a b", KEPT))
    yield Check("local", "c", "node port", to("a b far", KEPT))


def one_node_port_address_checks() -> Iterator[Check]:
    """Node ports are taken at the address on the client's link; at others the node answers itself."""
    for client in ("outside", "b", "node"):
        yield Check("plain", client, "node port", to("a b c far", MASQUERADED))
    yield Check("local", "outside", "node port", to("a b", KEPT))
    for client in ("outside", "b", "node"):
        yield Check("plain", client, "node port, other address", UNTRANSLATED)
    yield Check("plain", "node", "node port on loopback", UNTRANSLATED)
    yield Check("plain", "outside", "load-balancer IP", to("a b c far", MASQUERADED))


def closed_forwarding_checks() -> Iterator[Check]:
    """Where the node forwards nothing by itself, kube-proxy lets through what it masquerades, and answers; no more."""
    for way in ("cluster IP", *FROM_OUTSIDE):
        yield Check("plain", "outside", way, to("a b c far", MASQUERADED))
    yield Check("hairpin", "a", "cluster IP", to("a", MASQUERADED))
    yield Check("internal", "b", "cluster IP", SILENCE)
    yield Check("local", "outside", "node port", SILENCE)


def no_localhost_checks() -> Iterator[Check]:
    yield Check("plain", "node", "node port on loopback", UNTRANSLATED)
    yield Check("plain", "node", "node port", to("a b c far", MASQUERADED))


def check_shares(bench: Bench, cluster: Cluster) -> None:
    """Each endpoint gets its share of the connections."""
    for name, client, way, connections in WAYS_FOR_SHARES:
        address, port = destination(cluster, name, way)
        source = own_address(cluster.addresses, client)
        outcomes = bench.network.make({client: [Flow(source, address, port, "tcp", connections, PATIENCE)]})[client][0]
        service = cluster.services[cluster.numbers[name] - 1]
        counts = dict.fromkeys((cluster.addresses.pod(end.pod, end.index) for end in service.endpoints), 0)
        for outcome, count in outcomes.items():
            if isinstance(outcome, tuple) and outcome[0] in counts:
                counts[outcome[0]] += count
        bench.expect(sum(counts.values()) == connections, f"{name}: seen {counted(outcomes)}")
        chance = chance_of_equal_shares(list(counts.values()))
        bench.expect(chance > SMALLEST_CHANCE, f"{name}: such shares have a chance of {chance:.2g}: {counts}")


def check_affinity(bench: Bench, cluster: Cluster) -> None:
    """ClientIP affinity keeps each client at its endpoint, and lets it go after its time."""
    clients = [cluster.addresses.behind(1 + number) for number in range(ADDRESSES_BEHIND_THE_CLIENT)]

    def servers(service: str, way: str, attempts: int) -> list[set[str]]:
        """The servers that each client gets to."""
        address, port = destination(cluster, service, way)
        flows = [Flow(client, address, port, "tcp", attempts, PATIENCE) for client in clients]
        seen = bench.network.make({"outside": flows})["outside"]
        for outcomes in seen:
            bench.expect(all(isinstance(outcome, tuple) for outcome in outcomes), f"{service}: {counted(outcomes)}")
        return [{outcome[0] for outcome in outcomes} for outcomes in seen]

    first = servers("sticky", "node port", 1)
    bench.expect(first == servers("sticky", "node port", 20), "sticky: a client changes its endpoint")
    # One endpoint's record serves every way into the Service.
    bench.expect(first == servers("sticky", "load-balancer IP", 5), "sticky: the way in changes the endpoint")
    bench.expect(len(set(map(frozenset, first))) > 1, f"sticky: all {len(clients)} clients get to {first[0]}")

    # Each flow starts the time anew, so looking whether it has passed must wait until it has. Should the machine stall
    # that long between two looks, they say nothing.
    for _ in range(5):
        started = time.monotonic()
        first, second = (servers("briefly-sticky", "node port", 1) for _ in range(2))
        if time.monotonic() - started < BRIEF:
            break
    else:
        raise RuntimeError(f"this machine is too busy: two rounds of {len(clients)} connections take {BRIEF} s")
    bench.expect(first == second, "briefly-sticky: a client changes its endpoint before its time")
    # The kernel counts in ticks of up to 10 ms.
    wait_until(time.monotonic() + BRIEF + 0.02)
    # That no client goes elsewhere by chance: 1 in 3^16.
    bench.expect(servers("briefly-sticky", "node port", 1) != second, "briefly-sticky: affinity does not expire")
