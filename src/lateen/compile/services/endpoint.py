# SPDX-License-Identifier: Apache-2.0
"""`Endpoint`: one address behind one port of a service, whichever object named it."""

from __future__ import annotations

import enum

import msgspec

from lateen.compile.workload import Labels, Locality


class Health(enum.StrEnum):
    """Whether an endpoint may get traffic, in Envoy's words."""

    UNKNOWN = "UNKNOWN"
    """Nobody says (ServiceEntries, workload entries): counts as healthy."""
    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"
    """Not ready."""
    DRAINING = "DRAINING"
    """Terminating, still serving."""


TLS_MODE_LABEL = "security.istio.io/tlsMode"
"""Label of pods and workload entries: `istio` when their proxy accepts mutual TLS."""
MUTUAL_TLS = "istio"
NO_TLS = "disabled"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One endpoint of one port."""

    address: str
    """IP address, DNS name (DNS resolution) or the path of a Unix socket (then `port` is 0)."""
    port: int
    service_port: str
    """The name of the service port it is for."""
    service_port_number: int = 0
    """Its number, where the object says it (ServiceEntries); 0 when only the name counts."""
    labels: Labels = ()
    """Of the workload, completed with its topology (region, zone, subzone, network, cluster, node)."""
    locality: Locality = Locality()
    health: Health = Health.HEALTHY
    tls_mode: str = NO_TLS
    network: str = ""
    cluster_id: str = ""
    weight: int = 0
    """Share of the load; 0 counts as 1."""
    service_account: str = ""
    """The SPIFFE identity it serves with; empty when unknown."""
    workload: str = ""
    """Name of the pod or workload entry."""
    namespace: str = ""
    node: str = ""
    hostname: str = ""
    subdomain: str = ""
