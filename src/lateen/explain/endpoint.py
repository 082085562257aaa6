# SPDX-License-Identifier: Apache-2.0
"""The endpoints of a ClusterLoadAssignment by locality and priority."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any as Message

from lateen.explain.address import written
from lateen.explain.decision import Endpoint, Locality
from lateen.explain.priority import DEGRADED, DRAINING, HEALTHY, Tally
from lateen.explain.subset import has
from lateen.explain.transport_socket import TransportSockets

_STATES = ("HEALTHY", "HEALTHY", "UNHEALTHY", "DRAINING", "TIMEOUT", "DEGRADED")


def localities(cluster: Message, assignment: Message, wanted: Mapping[str, str]) -> tuple[Locality, ...]:
    """The localities with those of their endpoints that have the `wanted` subset values."""
    out = []
    sockets = TransportSockets(cluster)
    for group in assignment.endpoints:
        endpoints = tuple(_endpoint(sockets, e, group) for e in group.lb_endpoints if has(e, wanted))
        weight = group.load_balancing_weight.value if group.HasField("load_balancing_weight") else None
        place = group.locality
        name = "/".join(p for p in (place.region, place.zone, place.sub_zone) if p)
        out.append(Locality(name, group.priority, weight, endpoints))
    return tuple(out)


def tallies(groups: tuple[Locality, ...]) -> list[Tally]:
    """How many endpoints each priority has, from 0 to the highest."""
    count = max((g.priority for g in groups), default=-1) + 1
    out = []
    for priority in range(count):
        health = [e.health for g in groups if g.priority == priority for e in g.endpoints]
        out.append(Tally(len(health) - health.count(DRAINING), health.count(HEALTHY), health.count(DEGRADED)))
    return out


def _endpoint(sockets: TransportSockets, endpoint: Message, group: Message) -> Endpoint:
    socket, server_name = sockets.choose(endpoint, group)
    state = endpoint.health_status
    return Endpoint(
        written(endpoint.endpoint.address),
        endpoint.endpoint.hostname,
        _STATES[state] if state < len(_STATES) else "UNKNOWN",
        endpoint.load_balancing_weight.value if endpoint.HasField("load_balancing_weight") else 1,
        socket,
        server_name,
    )
