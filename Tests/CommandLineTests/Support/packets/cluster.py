"""The cluster that the rules are made for, as the API server would list it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from network import NODE_PORTS, PODS, SERVICE_PORT, TARGET_PORT, Addresses

NODE, OTHER_NODE = "worker-1", "worker-2"
ZONE, OTHER_ZONE = "zone-1", "zone-2"


@dataclass(frozen=True)
class Endpoint:
    """A pod that serves, by its name in the network: `a`, `b`, `c` on the node, `far` on another one."""

    pod: str
    index: int = 0
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    zones: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()

    def manifest(self, addresses: Addresses) -> dict[str, Any]:
        hints: dict[str, Any] = {}
        if self.zones:
            hints["forZones"] = [{"name": zone} for zone in self.zones]
        if self.nodes:
            hints["forNodes"] = [{"name": node} for node in self.nodes]
        return {
            "addresses": [addresses.pod(self.pod, self.index)],
            "conditions": {"ready": self.ready, "serving": self.serving, "terminating": self.terminating},
            "nodeName": NODE if self.pod in PODS else OTHER_NODE,
            "hints": hints or None,
        }


@dataclass(frozen=True)
class Service:
    """A Service with a node port, an external IP and a load-balancer IP, unless it is for the cluster only."""

    name: str
    endpoints: list[Endpoint]
    internal_policy: str = "Cluster"
    external_policy: str = "Cluster"
    affinity_seconds: int | None = None
    source_ranges: tuple[str, ...] = ()
    within_cluster: bool = False


@dataclass(frozen=True)
class Cluster:
    """Services, each with its own addresses and node port by its place in the list."""

    addresses: Addresses
    services: list[Service]
    protocols: list[str]
    numbers: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        assert len(self.services) < len(NODE_PORTS)
        object.__setattr__(self, "numbers", {service.name: 1 + i for i, service in enumerate(self.services)})

    def node_port(self, service: str) -> int:
        return NODE_PORTS.start + self.numbers[service] - 1

    def snapshot(self) -> dict[str, Any]:
        items = [self._node(NODE, ZONE, 2), self._node(OTHER_NODE, OTHER_ZONE, 3)]
        for service in self.services:
            items += [self._service(service), self._slice(service)]
        return {"apiVersion": "v1", "kind": "List", "items": items}

    def _node(self, name: str, zone: str, number: int) -> dict[str, Any]:
        address = self.addresses.link(2) if name == NODE else self.addresses.fabric(number)
        return {
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}},
            "status": {"addresses": [{"type": "InternalIP", "address": address}]},
        }  # fmt: skip

    def _service(self, service: Service) -> dict[str, Any]:
        number = self.numbers[service.name]
        cluster_ip = self.addresses.cluster_ip(number)
        ports = [
            {"name": protocol, "protocol": protocol.upper(), "port": SERVICE_PORT, "targetPort": TARGET_PORT}
            for protocol in self.protocols
        ]
        spec: dict[str, Any] = {
            "type": "ClusterIP", "ports": ports, "clusterIP": cluster_ip, "clusterIPs": [cluster_ip],
            "ipFamilies": ["IPv6" if self.addresses.is_ipv6 else "IPv4"],
            "internalTrafficPolicy": service.internal_policy,
        }  # fmt: skip
        status: dict[str, Any] = {}
        if not service.within_cluster:
            spec |= {"type": "LoadBalancer", "externalTrafficPolicy": service.external_policy}
            spec |= {"externalIPs": [self.addresses.external_ip(number)]}
            status = {"loadBalancer": {"ingress": [{"ip": self.addresses.balancer_ip(number), "ipMode": "VIP"}]}}
            for port in ports:
                port["nodePort"] = self.node_port(service.name)
        if service.source_ranges:
            spec["loadBalancerSourceRanges"] = list(service.source_ranges)
        if service.affinity_seconds is not None:
            spec["sessionAffinity"] = "ClientIP"
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": service.affinity_seconds}}
        metadata = {"namespace": "test", "name": service.name}
        return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": status}

    def _slice(self, service: Service) -> dict[str, Any]:
        return {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {
                "namespace": "test", "name": f"{service.name}-1",
                "labels": {"kubernetes.io/service-name": service.name},
            },
            "addressType": "IPv6" if self.addresses.is_ipv6 else "IPv4",
            "ports": [{"name": p, "protocol": p.upper(), "port": TARGET_PORT} for p in self.protocols],
            "endpoints": [endpoint.manifest(self.addresses) for endpoint in service.endpoints],
        }  # fmt: skip
