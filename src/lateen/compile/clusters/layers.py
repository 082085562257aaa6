# SPDX-License-Identifier: Apache-2.0
"""The clusters and endpoints of a scope as layers: which there are, and the query behind each.

What names a member here reads no policy and no endpoint, so that an edit of one changes single members and not the
membership.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lateen.compile.clusters.client import client_of
from lateen.compile.clusters.discovery import Discovery, discovery_of
from lateen.compile.clusters.outbound import forwarding_cluster_of, outbound_cluster_of
from lateen.compile.endpoints.load_assignment import forwarded_load_assignment, load_assignment
from lateen.compile.endpoints.viewpoint import EVERYWHERE, Viewpoint, viewpoint_of
from lateen.compile.services.registry import service
from lateen.compile.services.service import MeshService, Protocol, Resolution
from lateen.compile.sidecar_scope.services import scoped_services
from lateen.compile.traffic_policy.destination_rule import merged_rule, rule_for
from lateen.compile.traffic_policy.effective_policy import effective_policy
from lateen.compile.workload import Scope
from lateen.envoy.names import outbound_cluster, outbound_server_name
from lateen.incremental.engine import Engine, collection, query
from lateen.model.message import FrozenMap
from lateen.model.ref import Ref

_HOLDS_ENDPOINTS = (Discovery.STRICT_DNS, Discovery.LOGICAL_DNS)


@query
def passes_through(db: Engine, rule: tuple[Ref, ...], port: int, subset: str) -> bool:
    """Whether a rule has a cluster go to the address that the client dialled."""
    merged = merged_rule(db, rule)
    return effective_policy(merged, port, subset).passes_through or effective_policy(merged, port).passes_through


def _reached(db: Engine, scope: Scope) -> Iterator[tuple[MeshService, int, str, tuple[Ref, ...]]]:
    """Service, port, subset and rule of every cluster of a scope. ExternalName services are names, not destinations."""
    for scoped in scoped_services(db, scope).values():
        found = service(db, scoped.key)
        if found is None or found.resolution is Resolution.ALIAS:
            continue
        handle = rule_for(db, scope.namespace, scope.labels, found.hostname, found.namespace)
        rule = handle.sources if handle is not None else ()
        subsets = ("", *handle.subsets) if handle is not None else ("",)
        for port in found.ports:
            if port.protocol is Protocol.UDP or (scoped.ports is not None and port.number not in scoped.ports):
                continue
            for subset in subsets:
                yield found, port.number, subset, rule


@collection(outbound_cluster_of)
def outbound_clusters(db: Engine, scope: Scope) -> FrozenMap[str, tuple[Any, ...]]:
    """The clusters of all services that a scope knows, and of their subsets."""
    client = client_of(scope)
    members = {}
    for found, port, subset, rule in _reached(db, scope):
        held = discovery_of(db, found, scope.role) in _HOLDS_ENDPOINTS
        viewpoint = viewpoint_of(db, scope, found, rule, port, subset) if held else EVERYWHERE
        name = outbound_cluster(port, subset, found.hostname)
        members[name] = (found.key, port, subset, rule, client, viewpoint)
    return FrozenMap(members)


@collection(forwarding_cluster_of)
def forwarding_clusters(db: Engine, scope: Scope) -> FrozenMap[str, tuple[Any, ...]]:
    """The clusters by which a gateway with an AUTO_PASSTHROUGH server forwards TLS into its network."""
    client = client_of(scope)
    members = {}
    for found, port, subset, rule in _reached(db, scope):
        if not found.external:
            held = discovery_of(db, found, scope.role) in _HOLDS_ENDPOINTS
            viewpoint = viewpoint_of(db, scope, found, rule, port, subset) if held else EVERYWHERE
            name = outbound_server_name(port, subset, found.hostname)
            members[name] = (found.key, port, subset, rule, client, viewpoint)
    return FrozenMap(members)


def _assigned(db: Engine, scope: Scope) -> Iterator[tuple[MeshService, int, str, tuple[Ref, ...], Viewpoint]]:
    for found, port, subset, rule in _reached(db, scope):
        by_eds = discovery_of(db, found, scope.role) is Discovery.EDS
        if by_eds and not (rule and passes_through(db, rule, port, subset)):
            yield found, port, subset, rule, viewpoint_of(db, scope, found, rule, port, subset)


@collection(load_assignment)
def load_assignments(db: Engine, scope: Scope) -> FrozenMap[str, tuple[Any, ...]]:
    """The endpoints of those clusters that get them separately."""
    return FrozenMap(
        {
            outbound_cluster(port, subset, found.hostname): (found.key, port, subset, rule, viewpoint)
            for found, port, subset, rule, viewpoint in _assigned(db, scope)
        }
    )


@collection(forwarded_load_assignment)
def forwarded_load_assignments(db: Engine, scope: Scope) -> FrozenMap[str, tuple[Any, ...]]:
    """The endpoints of a gateway's forwarding clusters."""
    return FrozenMap(
        {
            outbound_server_name(port, subset, found.hostname): (found.key, port, subset, rule, viewpoint)
            for found, port, subset, rule, viewpoint in _assigned(db, scope)
            if not found.external
        }
    )
