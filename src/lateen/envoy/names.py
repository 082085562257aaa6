# SPDX-License-Identifier: Apache-2.0
"""Istio's names of Envoy resources, which its users know from `istioctl`, statistics and access logs."""

from __future__ import annotations

from typing import NamedTuple

BLACK_HOLE = "BlackHoleCluster"
"""Has no endpoints: where connections end that nothing may answer."""
PASSTHROUGH = "PassthroughCluster"
"""Outbound, to the address that the application dialled."""
INBOUND_PASSTHROUGH = "InboundPassthroughCluster"
"""Inbound, to the port that the client dialled."""
ALLOW_ANY_DYNAMIC_DNS = "AllowAnyDynamicDNSCluster"
"""Outbound, to the name in the request, resolved by the proxy."""

ALLOW_ANY_DNS_CACHE = "allow_any_dfp_dns_cache"
"""The DNS cache that the cluster above shares with the filter in front of it."""


def outbound_cluster(port: int, subset: str, host: str) -> str:
    """The cluster of a service's port: `outbound|80|v1|reviews.default.svc.cluster.local`, empty subset for all."""
    return f"outbound|{port}|{subset}|{host}"


def outbound_server_name(port: int, subset: str, host: str) -> str:
    """`outbound_.80_.v1_.reviews.default.svc.cluster.local`: the server name of the mesh's own TLS, and the name of the
    cluster by which an AUTO_PASSTHROUGH gateway forwards it."""
    return f"outbound_.{port}_.{subset}_.{host}"


def inbound_cluster(port: int) -> str:
    """The cluster of one of the workload's own ports: `inbound|8080||`."""
    return f"inbound|{port}||"


def dns_cache(host: str, reach: str = "") -> str:
    """The DNS cache that a dynamic forward proxy cluster for `host` shares with the filter in front of it; one for each
    way to restrict the addresses, for Envoy refuses two of one name that are not the same."""
    return "_".join(filter(None, (host, reach, "dfp_dns_cache")))


class ClusterName(NamedTuple):
    """The parts of a cluster's name; `host` and `subset` are empty for inbound ones."""

    outbound: bool
    port: int
    subset: str
    host: str

    @classmethod
    def parse(cls, name: str) -> ClusterName | None:
        """The parts of `outbound|80|v1|host`, `outbound_.80_.v1_.host` or `inbound|80||`; None for other names."""
        separator = "|" if "|" in name else "_."
        direction, *rest = name.split(separator, 3)
        if direction not in ("outbound", "inbound") or len(rest) != 3 or not rest[0].isdecimal():
            return None
        return cls(direction == "outbound", int(rest[0]), rest[1], rest[2])
