"""The network that the flows go through: a node with three pods, a client outside, and another node's pods.

                     outside
                        | the client's link
    a, b, c --------- node
      a veth each       | the fabric's link
                       far    (another node's pods, and the rest of the world)

Pods are routed, each over a veth pair of its own whose end at the node has the gateway's address, as CNI's ptp plugin
does it. `far` is the node's default route and takes every Service address for its own: a packet that gets past the
rules is answered from there, untranslated. So silence and refusal can only come from the rules. Of node ports the same
is true, for the node itself answers on them where no rule translates.

All of it lives in namespaces that nothing but the driver's own processes hold (see `isolate`), and ends with them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Sequence

PODS = ("a", "b", "c")
HOSTS = ("node", "outside", "far") + PODS

TARGET_PORT = 8080
SERVICE_PORT = 80
NODE_PORTS = range(30001, 30041)

# A node port that no Service has, and where the client sends to in vain.
PORT_OF_NO_SERVICE = NODE_PORTS[-1]
FORGED_LOOPBACK = "127.0.0.2"

# Addresses of each pod, and of the client behind those that source ranges name.
ADDRESSES_OF_A_POD = 3
ADDRESSES_BEHIND_THE_CLIENT = 16

# Settings below /proc/sys/net. Those called default come before the links, which copy them.
SETTINGS = [
    "ipv4/conf/all/rp_filter=0", "ipv4/conf/default/rp_filter=0",
    "ipv6/conf/all/disable_ipv6=0", "ipv6/conf/default/disable_ipv6=0",
    "ipv6/conf/all/accept_dad=0", "ipv6/conf/default/accept_dad=0",
]  # fmt: skip
SETTINGS_OF = {
    # Refusals are ICMP messages, of which the kernel otherwise sends only so many: to one address, and to all.
    "node": [
        "ipv4/ip_forward=1",
        "ipv6/conf/all/forwarding=1",
        "ipv4/icmp_ratemask=0",
        "ipv6/icmp/ratemask=0",
        "ipv6/icmp/ratelimit=0",
    ],  # fmt: skip
    # Answers come from whichever address was asked.
    "far": ["ipv4/ip_nonlocal_bind=1", "ipv6/ip_nonlocal_bind=1"],
    # Sends packets to loopback addresses over a link, as an attacker would.
    "outside": ["ipv4/conf/all/route_localnet=1"],
}

Outcomes = dict[Any, int]


def isolate() -> None:
    """Starts the driver again in namespaces of its own, as process 1 there.

    When process 1 of a process namespace ends, however it does, the kernel ends all others in it. When the last
    process ends that holds a network namespace, it goes with its links. So names never collide, and nothing is left.
    """
    if os.getpid() != 1:
        flags = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        os.execvp("unshare", ["unshare", *flags, sys.executable, *sys.argv])
    # Names of network namespaces, and the lock of the legacy backend, lie below /run.
    run(["mount", "-t", "tmpfs", "tmpfs", "/run"])


def run(command: Sequence[str], text: str = "") -> str:
    """Runs a program with a text as its input; what it prints, or an error that shows what it said."""
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {result.returncode}: {result.stderr.strip()}")
    return result.stdout


@dataclass(frozen=True)
class Addresses:
    """The addresses of a family."""

    family: str

    @property
    def is_ipv6(self) -> bool:
        return self.family == "ipv6"

    @property
    def host_length(self) -> int:
        return 128 if self.is_ipv6 else 32

    @property
    def loopback(self) -> str:
        return "::1" if self.is_ipv6 else "127.0.0.1"

    def _address(self, ipv4: str, ipv6: str, number: int) -> str:
        return f"{ipv6}::{number}" if self.is_ipv6 else f"{ipv4}.{number}"

    def link(self, number: int) -> str:
        """On the client's link: 2 is the node, 9 the client."""
        return self._address("192.168.50", "fd00:50", number)

    def fabric(self, number: int) -> str:
        """On the link to other nodes: 2 is the node, 3 the other one."""
        return self._address("192.168.60", "fd00:60", number)

    def behind(self, number: int) -> str:
        """Further addresses of the client."""
        return self._address("198.51.100", "2001:db8:198", number)

    def cluster_ip(self, number: int) -> str:
        return self._address("10.96.0", "fd00:10:96", number)

    def external_ip(self, number: int) -> str:
        return self._address("203.0.113", "2001:db8:203", number)

    def balancer_ip(self, number: int) -> str:
        return self._address("203.0.113", "2001:db8:203", 100 + number)

    @property
    def gateway(self) -> str:
        return self._address("10.244.1", "fd00:10:244:1", 1)

    def pod(self, name: str, index: int = 0) -> str:
        """A pod's address; `far` stands for the other node's pods."""
        if name == "far":
            return self._address("10.244.2", "fd00:10:244:2", 11 + index)
        return self._address("10.244.1", "fd00:10:244:1", 11 + 10 * PODS.index(name) + index)

    @property
    def cluster_cidr(self) -> str:
        return "fd00:10:244::/48" if self.is_ipv6 else "10.244.0.0/16"

    @property
    def client_link(self) -> str:
        return "fd00:50::/64" if self.is_ipv6 else "192.168.50.0/24"

    @property
    def behind_the_client(self) -> str:
        return "2001:db8:198::/64" if self.is_ipv6 else "198.51.100.0/24"

    @property
    def of_services(self) -> tuple[str, str]:
        return ("fd00:10:96::/64", "2001:db8:203::/64") if self.is_ipv6 else ("10.96.0.0/16", "203.0.113.0/24")

    @property
    def pods_of_the_node(self) -> str:
        return "fd00:10:244:1::/64" if self.is_ipv6 else "10.244.1.0/24"

    @property
    def pods_elsewhere(self) -> str:
        return "fd00:10:244:2::/64" if self.is_ipv6 else "10.244.2.0/24"


@dataclass(frozen=True)
class Flow:
    """What an agent is told to try: connections, or exchanges of datagrams."""

    source: str  # Empty: whichever address suits the way that packets take.
    to: str
    port: int
    protocol: str
    attempts: int
    timeout: float


class Network:
    """The namespaces, joined and configured, with an agent in each."""

    def __init__(self, family: str) -> None:
        self.addresses = Addresses(family)
        self.agents: dict[str, subprocess.Popen[str]] = {}
        self.flows = 0

    def __enter__(self) -> Network:
        self._join()
        self._address_and_route()
        ports = {"node": list(NODE_PORTS), "far": [TARGET_PORT, SERVICE_PORT], "outside": []}
        for host in HOSTS:
            self._start_agent(host, ports.get(host, [TARGET_PORT]))
        self._await_plain_flows()
        return self

    def __exit__(self, *_: object) -> None:
        for agent in self.agents.values():
            agent.kill()

    def make(self, flows: dict[str, list[Flow]]) -> dict[str, list[Outcomes]]:
        """Makes flows from hosts, all at once: how often each outcome was seen, by host, for each flow."""
        for host, batch in flows.items():
            self.flows += sum(flow.attempts for flow in batch)
            print(json.dumps({"flows": [asdict(flow) for flow in batch]}), file=self.agents[host].stdin, flush=True)
        # From all at once: an agent that waits for its answer to be read serves nobody.
        with ThreadPoolExecutor(len(HOSTS)) as readers:
            return dict(zip(flows, readers.map(self._answer, flows)))

    def configure(self, host: str, settings: Sequence[str]) -> None:
        """Sets what lies below /proc/sys/net in a host."""
        script = "\n".join("echo {1} >/proc/sys/net/{0}".format(*setting.split("=")) for setting in settings)
        run(["ip", "netns", "exec", host, "sh", "-e"], script)

    def assign(self, host: str, address: str) -> None:
        """Gives a host a further address."""
        run(["ip", "-netns", host, *self._address(address, "lo").split()])

    def _answer(self, host: str) -> list[Outcomes]:
        line = self.agents[host].stdout.readline()  # type: ignore[union-attr]
        if not line:
            raise RuntimeError(f"the agent of {host} has ended; standard error says why")
        return [
            {tuple(outcome) if isinstance(outcome, list) else outcome: count for outcome, count in outcomes}
            for outcomes in json.loads(line)["seen"]
        ]

    def _join(self) -> None:
        """Makes the namespaces and the links between them."""
        run(["ip", "-batch", "-"], "\n".join(f"netns add {host}" for host in HOSTS))
        for host in HOSTS:
            self.configure(host, SETTINGS + SETTINGS_OF.get(host, []))
        links = {"outside": "eth0", "far": "eth1"} | {pod: f"veth-{pod}" for pod in PODS}
        lines = [f"link add {end} netns node type veth peer name eth0 netns {host}" for host, end in links.items()]
        run(["ip", "-batch", "-"], "\n".join(lines))

    def _address_and_route(self) -> None:
        """Sets addresses and routes."""
        at = self.addresses
        services = at.of_services
        lines = {host: ["link set lo up", "link set eth0 up"] for host in HOSTS}
        lines["node"] += ["link set eth1 up"] + [f"link set veth-{pod} up" for pod in PODS]
        lines["node"] += [self._address(at.link(2), "eth0", 24), self._address(at.fabric(2), "eth1", 24)]
        lines["node"] += [f"route add {at.behind_the_client} via {at.link(9)}", f"route add default via {at.fabric(3)}"]
        lines["outside"] += [self._address(at.link(9), "eth0", 24), f"route add default via {at.link(2)}"]
        lines["outside"] += [self._address(at.behind(1 + n), "lo") for n in range(ADDRESSES_BEHIND_THE_CLIENT)]
        if not at.is_ipv6:
            lines["outside"] += ["address delete 127.0.0.1/8 dev lo", f"route add {FORGED_LOOPBACK} via {at.link(2)}"]
        lines["far"] += [self._address(at.fabric(3), "eth0", 24), f"route add default via {at.fabric(2)}"]
        lines["far"] += [f"route add local {prefix} dev lo" for prefix in (*services, at.pods_elsewhere)]
        for pod in PODS:
            lines["node"] += [self._address(at.gateway, f"veth-{pod}")]
            for index in range(ADDRESSES_OF_A_POD):
                lines["node"] += [f"route add {at.pod(pod, index)}/{at.host_length} dev veth-{pod}"]
                lines[pod] += [self._address(at.pod(pod, index), "eth0")]
            lines[pod] += [f"route add {at.gateway}/{at.host_length} dev eth0"]
            lines[pod] += [f"route add default via {at.gateway} dev eth0"]
        for host in HOSTS:
            run(["ip", "-netns", host, "-6" if at.is_ipv6 else "-4", "-batch", "-"], "\n".join(lines[host]))

    def _address(self, address: str, device: str, length: int | None = None) -> str:
        if self.addresses.is_ipv6:
            return f"address add {address}/{64 if length else 128} dev {device} nodad"
        return f"address add {address}/{length or 32} dev {device}"

    def _start_agent(self, host: str, ports: list[int]) -> None:
        agent = str(Path(__file__).with_name("agent.py"))
        command = ["ip", "netns", "exec", host, sys.executable, agent, self.addresses.family, *map(str, ports)]
        self.agents[host] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _await_plain_flows(self, seconds: float = 15) -> None:
        """Waits until every host reaches every pod without any rule: links come up when the kernel gets round to it."""
        at = self.addresses
        pods = [at.pod(pod) for pod in (*PODS, "far")]
        flows = [Flow("", pod, TARGET_PORT, "tcp", attempts=1, timeout=0.2) for pod in pods]
        deadline = time.monotonic() + seconds
        missing: dict[str, list[str]] = {}
        while time.monotonic() < deadline:
            seen = self.make({host: flows for host in HOSTS})
            missing = {
                host: [pod for pod, outcomes in zip(pods, seen[host]) if isinstance(next(iter(outcomes)), str)]
                for host in HOSTS
            }
            if not any(missing.values()):
                return
        raise RuntimeError(f"the test network does not come up within {seconds} s; not reached: {missing}")
