# SPDX-License-Identifier: Apache-2.0
"""Which network a workload of the cluster is in: by its label, by that of the system namespace, by MeshNetworks."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from lateen.compile.mesh import root_namespace
from lateen.compile.services.locality import NETWORK_LABEL
from lateen.incremental.engine import Engine, query
from lateen.state import inputs

CLUSTER = "Kubernetes"
"""The name of the one cluster (istiod's default CLUSTER_ID)."""

IpNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class Ranges(NamedTuple):
    """MeshNetworks as they place endpoints."""

    cluster: str = ""
    """The network of everything in this cluster (`fromRegistry`)."""
    blocks: tuple[tuple[IpNetwork, str], ...] = ()
    """Address blocks and their networks, the narrowest first."""


def workload_network(db: Engine, labels: Mapping[str, str], address: str) -> str:
    """The network of a workload with these labels and this address; empty where networks do not matter."""
    return labels.get(NETWORK_LABEL) or system_network(db) or network_at(db, address)


@query
def system_network(db: Engine) -> str:
    """The network that the system namespace is labelled with; it is then that of the whole cluster."""
    namespace = inputs.namespace(db, root_namespace(db))
    return namespace.metadata.labels.get(NETWORK_LABEL, "") if namespace is not None else ""


@query
def ranges(db: Engine) -> Ranges:
    """Where MeshNetworks puts endpoints."""
    cluster = ""
    blocks: list[tuple[IpNetwork, str]] = []
    for name, network in sorted(inputs.mesh_networks(db, None).networks.items()):
        for endpoints in network.endpoints:
            if endpoints.from_registry == CLUSTER:
                cluster = cluster or name
            if endpoints.from_cidr:
                try:
                    blocks.append((ipaddress.ip_network(endpoints.from_cidr, strict=False), name))
                except ValueError:
                    continue
    return Ranges(cluster, tuple(sorted(blocks, key=lambda block: (-block[0].prefixlen, block[1]))))


@query
def network_at(db: Engine, address: str) -> str:
    """The network of an address by MeshNetworks: that of the cluster, else that of the narrowest block around it."""
    known = ranges(db)
    if known.cluster or not known.blocks:
        return known.cluster
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return next((name for block, name in known.blocks if ip.version == block.version and ip in block), "")
