# SPDX-License-Identifier: Apache-2.0
"""Endpoints of a cluster, in groups by locality (ClusterLoadAssignment)."""

from __future__ import annotations

from collections.abc import Iterable

from envoy.config.core.v3.base_pb2 import Locality as LocalityMessage
from envoy.config.core.v3.health_check_pb2 import HealthStatus
from envoy.config.endpoint.v3.endpoint_components_pb2 import LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment

from lateen.envoy.address import socket_address
from lateen.envoy.metadata import ISTIO, TLS_MODE, TRANSPORT_SOCKET_MATCH

UNKNOWN = "UNKNOWN"
"""The health of endpoints that nobody checks; they get traffic."""


def lb_endpoint(
    address: str,
    port: int,
    *,
    health: str = UNKNOWN,
    weight: int = 1,
    tls_mode: str = "",
    workload: str = "",
) -> LbEndpoint:
    """One endpoint: an IP address or name, or `unix://` and a path (then without port).

    `health` is a status of Envoy's by name. `tls_mode` selects among the cluster's transport sockets; `workload` is
    Istio's description of what runs there.
    """
    endpoint = LbEndpoint(health_status=HealthStatus.Value(health))
    endpoint.endpoint.address.CopyFrom(socket_address(address, port))
    endpoint.load_balancing_weight.value = weight
    if tls_mode:
        endpoint.metadata.filter_metadata[TRANSPORT_SOCKET_MATCH].update({TLS_MODE: tls_mode})
    if workload:
        endpoint.metadata.filter_metadata[ISTIO].update({"workload": workload})
    return endpoint


def locality_group(
    endpoints: Iterable[LbEndpoint], locality: tuple[str, str, str], *, weight: int, priority: int = 0
) -> LocalityLbEndpoints:
    """The endpoints of one locality (region, zone, subzone); a group without endpoints may have no weight (0)."""
    region, zone, subzone = locality
    group = LocalityLbEndpoints(
        locality=LocalityMessage(region=region, zone=zone, sub_zone=subzone), lb_endpoints=endpoints, priority=priority
    )
    if weight:
        group.load_balancing_weight.value = weight
    return group


def cluster_load_assignment(cluster: str, groups: Iterable[LocalityLbEndpoints]) -> ClusterLoadAssignment:
    """The endpoints of the cluster of that name."""
    return ClusterLoadAssignment(cluster_name=cluster, endpoints=groups)
