# SPDX-License-Identifier: Apache-2.0
"""A cluster: how its endpoints are found, and which of them a request can reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any as Message

from lateen.explain.any_message import type_name
from lateen.explain.decision import Cluster, Endpoint, Failure, Locality, Problem
from lateen.explain.endpoint import localities, tallies
from lateen.explain.priority import (
    DEFAULT_OVERPROVISIONING,
    DEFAULT_PANIC_THRESHOLD,
    DEGRADED,
    HEALTHY,
    priorities,
)
from lateen.explain.subset import select
from lateen.explain.transport_socket import TransportSockets

_TYPES = ("STATIC", "STRICT_DNS", "LOGICAL_DNS", "EDS", "ORIGINAL_DST")
_POLICIES = ("ROUND_ROBIN", "LEAST_REQUEST", "RING_HASH", "RANDOM", "", "MAGLEV", "CLUSTER_PROVIDED", "")
_EDS = "EDS"
_ORIGINAL_DST = "ORIGINAL_DST"

Assignments = Callable[[str], Message | None]


def reached(
    config: Message, assignments: Assignments, wanted: Mapping[str, str], original: str
) -> tuple[Cluster, Failure | None]:
    """The cluster's decision for a request that wants a subset (`wanted` may be empty).

    `assignments` gives the ClusterLoadAssignment of an EDS service; `original` is the connection's destination, which
    a cluster of type ORIGINAL_DST sends to.
    """
    kind = discovery_type(config)
    subset = tuple(sorted(wanted.items()))
    base = {"name": config.name, "type": kind, "load_balancing": _load_balancing(config)}
    if kind == _ORIGINAL_DST:
        return Cluster(subset=subset, localities=(_original(config, original),), **base), None
    assignment = config.load_assignment
    if kind == _EDS:
        service = config.eds_cluster_config.service_name or config.name
        found = assignments(service)
        if found is None:
            message = f"the endpoints {service!r} of cluster {config.name!r} are not there"
            return Cluster(subset=subset, **base), Failure(Problem.NO_ENDPOINT, message, 503, "UH")
        assignment = found
    elif not assignment.endpoints and config.HasField("cluster_type"):
        # Clusters of an extension (dynamic forward proxy, aggregate) find their endpoints in their own way.
        return Cluster(subset=subset, **base), None
    everyone = [e for group in assignment.endpoints for e in group.lb_endpoints]
    selected = select(config, wanted, everyone)
    groups = localities(config, assignment, selected.wanted) if selected.wanted is not None else ()
    policy = assignment.policy
    overprovisioning = policy.overprovisioning_factor
    common = config.common_lb_config
    answer = Cluster(
        subset=subset,
        fallback=selected.fallback,
        priorities=priorities(
            tallies(groups),
            overprovisioning.value if policy.HasField("overprovisioning_factor") else DEFAULT_OVERPROVISIONING,
            common.healthy_panic_threshold.value
            if common.HasField("healthy_panic_threshold")
            else DEFAULT_PANIC_THRESHOLD,
        ),
        localities=groups,
        **base,
    )
    if not any(usable(answer, group) for group in groups):
        return answer, Failure(Problem.NO_ENDPOINT, f"cluster {config.name!r} has no endpoint for it", 503, "UH")
    return answer, None


def usable(cluster: Cluster, group: Locality) -> tuple[Endpoint, ...]:
    """The endpoints of a locality that get requests: healthy or degraded ones, in panic all."""
    priority = cluster.priorities[group.priority]
    if not priority.load:
        return ()
    return group.endpoints if priority.panic else tuple(e for e in group.endpoints if e.health in (HEALTHY, DEGRADED))


def discovery_type(config: Message) -> str:
    """STATIC, STRICT_DNS, LOGICAL_DNS, EDS, ORIGINAL_DST, or the name of the extension."""
    if config.HasField("cluster_type"):
        return str(config.cluster_type.name or type_name(config.cluster_type.typed_config.type_url))
    return _TYPES[config.type] if config.type < len(_TYPES) else "UNKNOWN"


def _load_balancing(config: Message) -> str:
    if config.HasField("load_balancing_policy"):
        return ", ".join(p.typed_extension_config.name for p in config.load_balancing_policy.policies)
    return _POLICIES[config.lb_policy] if config.lb_policy < len(_POLICIES) else ""


def _original(config: Message, original: str) -> Locality:
    address = original
    port = config.original_dst_lb_config.upstream_port_override
    if config.original_dst_lb_config.HasField("upstream_port_override"):
        address = f"{original.rpartition(':')[0]}:{port.value}"
    nobody = type(config.load_assignment)()
    group = nobody.endpoints.add()
    socket, server_name = TransportSockets(config).choose(group.lb_endpoints.add(), group)
    return Locality("", 0, None, (Endpoint(address, transport_socket=socket, tls_server_name=server_name),))
