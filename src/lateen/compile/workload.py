# SPDX-License-Identifier: Apache-2.0
"""`Workload`: one proxy as it presented itself, and `Scope`: what of it its outbound configuration depends on."""

from __future__ import annotations

import enum
from typing import TypeAlias

import msgspec

from lateen.model.ref import Ref

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Labels as sorted pairs, so that they can be an argument of a query."""


def labels_of(mapping: dict[str, str]) -> Labels:
    """A mapping of labels in the form that queries take."""
    return tuple(sorted(mapping.items()))


class Role(enum.StrEnum):
    """What a proxy is, in the first part of Istio's node id."""

    SIDECAR = "sidecar"
    ROUTER = "router"


class Interception(enum.StrEnum):
    """How traffic comes to a sidecar (INTERCEPTION_MODE of the node's metadata)."""

    REDIRECT = "REDIRECT"
    TPROXY = "TPROXY"
    NONE = "NONE"


class Locality(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """Where something runs, as `region/zone/subzone`."""

    region: str = ""
    zone: str = ""
    subzone: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.region, self.zone, self.subzone) if part)


class Workload(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One proxy, from its node id and metadata, completed from its Pod if there is one.

    Two replicas differ only in `name`, `ips`, `node` and perhaps `locality`; queries take as little of this as they
    need, so that what replicas share is computed once.
    """

    role: Role
    name: str
    """The workload instance: the pod's name."""
    namespace: str
    ips: tuple[str, ...]
    """The first is the primary one."""
    labels: Labels = ()
    service_account: str = ""
    locality: Locality = Locality()
    node: str = ""
    """The Kubernetes node's name."""
    network: str = ""
    cluster_id: str = "Kubernetes"
    domain: str = "cluster.local"
    """The DNS domain of the cluster."""
    interception: Interception = Interception.REDIRECT
    dns_capture: bool = False
    """Whether the workload's DNS is answered from the mesh (DNS_CAPTURE), so that allocated addresses reach it."""
    proxy_config: Ref | None = None
    """Reserved for the ProxyConfig object that applies; None when only the mesh's default does."""


class Scope(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Everything of a proxy on which its outbound configuration (or a gateway's) may depend.

    Proxies of one scope share every outbound resource. Fields are left at their default when nothing that the scope can
    see depends on them: `labels` holds only labels that some rule in use asks for (sourceLabels, workloadSelector),
    `node` is set only if a visible service keeps its traffic on the node.
    """

    role: Role
    namespace: str
    labels: Labels = ()
    sidecar: Ref | None = None
    """The Sidecar object that applies to it, None for the default scope."""
    locality: Locality = Locality()
    network: str = ""
    cluster_id: str = "Kubernetes"
    domain: str = "cluster.local"
    ipv4: bool = True
    ipv6: bool = False
    dns_capture: bool = False
    node: str = ""
    interception: Interception = Interception.REDIRECT
