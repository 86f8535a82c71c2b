"""What a client shall see of a Service, and whether it does."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any, Iterable, Union

from cluster import Cluster
from network import FORGED_LOOPBACK, PODS, PORT_OF_NO_SERVICE, SERVICE_PORT, Addresses, Flow, Network, Outcomes
from shares import attempts_to_see_all

# What comes of a flow: no answer (in the agents' words), or one from the very address that it was sent to.
REFUSED, SILENCE, UNTRANSLATED = "refused", "silence", "untranslated"

# Or answers of pods, with what each of them sees as the client's address: its own, or the node's.
KEPT, MASQUERADED = "kept", "masqueraded"
Reached = dict[str, str]

Expected = Union[Reached, str]

# Seconds. Whatever answers does so within milliseconds, so a second without answer is silence. Only on a busy machine
# may an answer be late, and a refusal, which clients see long before they give up on silence (two minutes).
PATIENCE, AT_ONCE, SILENT = 10.0, 2.0, 1.0
ATTEMPTS_WITHOUT_CHOICE = 3


@dataclass(frozen=True)
class Check:
    """Flows of a client to a Service over one of the ways into it, and what comes of them."""

    service: str
    client: str
    way: str
    expected: Expected
    source: str = ""

    def flow(self, cluster: Cluster, protocol: str) -> Flow:
        address, port = destination(cluster, self.service, self.way)
        if isinstance(self.expected, dict):
            attempts, timeout = attempts_to_see_all(len(self.expected)), PATIENCE
        else:
            timeout = {REFUSED: AT_ONCE, SILENCE: SILENT, UNTRANSLATED: PATIENCE}[self.expected]
            attempts = ATTEMPTS_WITHOUT_CHOICE
        source = self.source or own_address(cluster.addresses, self.client)
        return Flow(source, address, port, protocol, attempts, timeout)


def destination(cluster: Cluster, service: str, way: str) -> tuple[str, int]:
    """The address and port of a way into a Service."""
    at, number = cluster.addresses, cluster.numbers[service]
    return {
        "cluster IP": (at.cluster_ip(number), SERVICE_PORT),
        "external IP": (at.external_ip(number), SERVICE_PORT),
        "load-balancer IP": (at.balancer_ip(number), SERVICE_PORT),
        "node port": (at.link(2), cluster.node_port(service)),
        "node port, other address": (at.fabric(2), cluster.node_port(service)),
        "node port on loopback": (at.loopback, cluster.node_port(service)),
        "own port on loopback": (FORGED_LOOPBACK, PORT_OF_NO_SERVICE),
    }[way]


def own_address(at: Addresses, client: str) -> str:
    """The address that a client sends from; empty for the node, which has several."""
    return at.link(9) if client == "outside" else at.pod(client) if client in PODS else ""


@dataclass
class Bench:
    """Makes the flows of checks in the network, and says what is not as it should be."""

    network: Network
    protocols: list[str]
    failures: int = 0

    def run(self, cluster: Cluster, checks: Iterable[Check]) -> None:
        """All checks with all protocols at once, so that those which wait for silence wait together."""
        batches: dict[str, list[tuple[Check, Flow]]] = {}
        for check in checks:
            for protocol in self.protocols:
                batches.setdefault(check.client, []).append((check, check.flow(cluster, protocol)))
        seen = self.network.make({client: [flow for _, flow in batch] for client, batch in batches.items()})
        for client, batch in batches.items():
            for (check, flow), outcomes in zip(batch, seen[client]):
                wanted = self._wanted(check, flow.to)
                what = f"{check.way} {flow.to} port {flow.port}/{flow.protocol} from {check.client}"
                expected = ", ".join(sorted(map(readable, wanted)))
                message = f"{check.service}: {what}: expected {expected}; seen {counted(outcomes)}"
                self.expect(outcomes.keys() == wanted, message)

    def expect(self, condition: bool, message: str) -> None:
        if not condition:
            self.failures += 1
            print(message, file=sys.stderr)

    def _wanted(self, check: Check, address: str) -> set[Any]:
        at = self.network.addresses
        if check.expected in (REFUSED, SILENCE):
            return {check.expected}
        kept = check.source or own_address(at, check.client)
        if check.expected == UNTRANSLATED:
            # The node reaches its own addresses from the same address, and others over its default route.
            is_own = address in (at.link(2), at.fabric(2), at.loopback)
            return {(address, kept or (address if is_own else at.fabric(2)))}
        assert isinstance(check.expected, dict)
        masqueraded = {server: at.fabric(2) if server == "far" else at.gateway for server in check.expected}
        return {
            (at.pod(server), kept if seen == KEPT else masqueraded[server]) for server, seen in check.expected.items()
        }


def readable(outcome: Any) -> str:
    return outcome if isinstance(outcome, str) else "{} that sees {}".format(*outcome)


def counted(outcomes: Outcomes) -> str:
    return ", ".join(f"{count} times {readable(outcome)}" for outcome, count in outcomes.items())


def wait_until(moment: float) -> None:
    """Waits for a moment of the monotonic clock."""
    time.sleep(max(0.0, moment - time.monotonic()))
