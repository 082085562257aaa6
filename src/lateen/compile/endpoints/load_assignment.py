# SPDX-License-Identifier: Apache-2.0
"""The endpoints of a cluster: one query for each cluster and viewpoint, so that a pod that becomes ready recomputes the
clusters it is in and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from envoy.config.endpoint.v3.endpoint_components_pb2 import LocalityLbEndpoints

from lateen.compile.clusters.defaults import cluster_defaults
from lateen.compile.endpoints.locality_group import (
    MAX_WEIGHT,
    Candidate,
    LocalityGroup,
    fitting,
    grouped,
    ranked,
    weight_of,
)
from lateen.compile.endpoints.network_gateways import NetworkGateway, network_gateways, weight_scale
from lateen.compile.endpoints.viewpoint import Viewpoint
from lateen.compile.hosts import is_ip_address
from lateen.compile.security.peer_authentication import NamespacePolicies, peer_policies
from lateen.compile.services.endpoint import MUTUAL_TLS, NO_TLS, Endpoint, Health
from lateen.compile.services.instances import endpoints_of
from lateen.compile.services.registry import service
from lateen.compile.services.service import MeshService, ServiceKey
from lateen.compile.traffic_policy.destination_rule import MergedRule, merged_rule
from lateen.compile.traffic_policy.effective_policy import EffectivePolicy, effective_policy, endpoint_tls_mode
from lateen.compile.traffic_policy.locality import TRAFFIC_DISTRIBUTION, locality_preference
from lateen.envoy.blob import Blob, blob
from lateen.envoy.load_assignment import cluster_load_assignment, lb_endpoint, locality_group
from lateen.envoy.names import outbound_cluster, outbound_server_name
from lateen.incremental.engine import Engine, query
from lateen.model.networking.client_tls import ClientTLSMode
from lateen.model.ref import Ref
from lateen.model.security.peer_authentication import MutualTLSMode

PERSISTENT_SESSION_LABEL = "istio.io/persistent-session"
"""Label of a service whose sessions stay with endpoints that are going away."""


@query
def load_assignment(
    db: Engine, key: ServiceKey, port: int, subset: str, rule: tuple[Ref, ...], viewpoint: Viewpoint
) -> Blob | None:
    """The ClusterLoadAssignment of an outbound cluster."""
    name = outbound_cluster(port, subset, key.hostname)
    groups = locality_groups(db, key, port, subset, rule, viewpoint, in_cluster=False)
    return None if groups is None else blob(name, cluster_load_assignment(name, groups_as_messages(groups)))


@query
def forwarded_load_assignment(
    db: Engine, key: ServiceKey, port: int, subset: str, rule: tuple[Ref, ...], viewpoint: Viewpoint
) -> Blob | None:
    """The same for the cluster by which an AUTO_PASSTHROUGH gateway forwards: only endpoints that take mutual TLS, for
    the gateway cannot tell what it forwards."""
    name = outbound_server_name(port, subset, key.hostname)
    groups = locality_groups(db, key, port, subset, rule, viewpoint, in_cluster=False, only_mutual=True)
    return None if groups is None else blob(name, cluster_load_assignment(name, groups_as_messages(groups)))


def locality_groups(
    db: Engine,
    key: ServiceKey,
    port: int,
    subset: str,
    rule: tuple[Ref, ...],
    viewpoint: Viewpoint,
    *,
    in_cluster: bool,
    single: bool = False,
    only_mutual: bool = False,
) -> list[LocalityGroup] | None:
    """The endpoints of a cluster in groups; None if the service is gone. `in_cluster` is for clusters that hold their
    endpoints themselves, which may be names; a separate assignment can only hold addresses. `single` keeps the first
    endpoint alone, which then is not ranked."""
    found = service(db, key)
    if found is None:
        return None
    merged = merged_rule(db, rule) if rule else None
    policy = effective_policy(merged, port, subset)
    listed = endpoints_of(db, key, port)
    if all(endpoint.health is Health.UNHEALTHY for endpoint in listed):
        listed = ()
    shown = [
        (endpoint, _candidate(endpoint, _takes_mutual_tls(db, endpoint, merged, port, subset)))
        for endpoint in listed
        if _is_shown(endpoint, found, policy, viewpoint)
        and _in_subset(endpoint, merged, subset)
        and (in_cluster or endpoint.port == 0 or is_ip_address(endpoint.address) or not endpoint.address)
    ]
    if single:
        shown = shown[:1]
    gateways = network_gateways(db)
    if gateways:
        groups = [_through_gateways(group, gateways, viewpoint.network) for group in grouped(shown)]
    else:
        groups = grouped(pair for pair in shown if pair[0].address)
    if only_mutual:
        groups = [_only_mutual(group) for group in groups]
    preference = locality_preference(cluster_defaults(db).locality, policy, found.traffic_distribution)
    return groups if preference is None or single else ranked(groups, preference, viewpoint, by_labels=not in_cluster)


def groups_as_messages(groups: list[LocalityGroup]) -> list[LocalityLbEndpoints]:
    """Groups in Envoy's form."""
    return [
        locality_group(
            [
                lb_endpoint(
                    m.address, m.port, health=m.health, weight=m.weight, tls_mode=m.tls_mode, workload=m.workload
                )
                for m in group.members
            ],
            (group.locality.region, group.locality.zone, group.locality.subzone),
            weight=group.weight,
            priority=group.priority,
        )
        for group in fitting(groups)
    ]


def _is_shown(endpoint: Endpoint, found: MeshService, policy: EffectivePolicy, viewpoint: Viewpoint) -> bool:
    """Endpoints that are not ready are sent as such beside those that are, so that Envoy knows the cluster's size; not
    so if the rule has Envoy fall back on all endpoints below minHealthPercent, for it would then use them. Endpoints
    that are going away are only of use to sessions that stay with them."""
    if found.node_local and endpoint.node != viewpoint.node:
        return False
    if endpoint.health is Health.UNHEALTHY:
        return keeps_unhealthy(found, policy)
    if endpoint.health is Health.DRAINING:
        return keeps_draining(found)
    return True


def keeps_unhealthy(found: MeshService, policy: EffectivePolicy) -> bool:
    """Whether endpoints that are not ready are sent."""
    if found.traffic_distribution in TRAFFIC_DISTRIBUTION:
        return True
    return policy.outlier_detection is None or policy.outlier_detection.min_health_percent <= 0


def keeps_draining(found: MeshService) -> bool:
    """Whether endpoints that are going away are sent."""
    return bool(dict(found.labels).get(PERSISTENT_SESSION_LABEL))


def _in_subset(endpoint: Endpoint, rule: MergedRule | None, subset: str) -> bool:
    if not subset or rule is None:
        return True
    found = rule.subset(subset)
    return found is None or set(found.labels.items()) <= set(endpoint.labels)


def _takes_mutual_tls(db: Engine, endpoint: Endpoint, rule: MergedRule | None, port: int, subset: str) -> bool:
    said = endpoint_tls_mode(rule, port, subset)
    if said is not None:
        return said is ClientTLSMode.ISTIO_MUTUAL
    if endpoint.tls_mode != MUTUAL_TLS:
        return False
    policies: NamespacePolicies = peer_policies(db, endpoint.namespace)
    return policies.mode_on(endpoint.labels, endpoint.port) is not MutualTLSMode.DISABLE


def _candidate(endpoint: Endpoint, mutual: bool) -> Candidate:
    return Candidate(
        address=endpoint.address,
        port=endpoint.port,
        weight=endpoint.weight or 1,
        health=endpoint.health.value,
        tls_mode=endpoint.tls_mode if mutual and endpoint.tls_mode != NO_TLS else "",
        labels=endpoint.labels,
        network=endpoint.network,
        workload=describe_workload(endpoint),
    )


def describe_workload(endpoint: Endpoint) -> str:
    """`workload;namespace;service;revision;cluster`, which access logs and metrics show; empty when unknown."""
    if not endpoint.workload:
        return ""
    labels: Mapping[str, str] = dict(endpoint.labels)
    name = labels.get("service.istio.io/canonical-name") or labels.get("app.kubernetes.io/name") or labels.get("app")
    revision = (
        labels.get("service.istio.io/canonical-revision") or labels.get("app.kubernetes.io/version")
    ) or labels.get("version")
    parts = (
        endpoint.workload,
        endpoint.namespace,
        name or endpoint.workload,
        revision or "latest",
        endpoint.cluster_id,
    )
    return ";".join(parts)


def _through_gateways(group: LocalityGroup, gateways: tuple[NetworkGateway, ...], client: str) -> LocalityGroup:
    """Endpoints of other networks are replaced by the gateways into these networks, which get their weight: gateways
    forward mutual TLS by its server name, so endpoints without it cannot be reached. A network without gateways is
    taken to be reachable, and so are endpoints that are in no network."""
    scale = weight_scale(gateways)
    members = []
    through: dict[NetworkGateway, int] = {}
    for member in group.members:
        weight = min(member.weight * scale, MAX_WEIGHT)
        ways = [gateway for gateway in gateways if gateway.network == member.network]
        if not ways or client == member.network:
            if member.address:
                members.append(msgspec.structs.replace(member, weight=weight))
        elif member.tls_mode == MUTUAL_TLS:
            for gateway in ways:
                through[gateway] = through.get(gateway, 0) + weight // len(ways)
    members += [
        Candidate(
            address=gateway.address,
            port=gateway.port,
            weight=weight or 1,
            tls_mode=MUTUAL_TLS,
            network=gateway.network,
        )
        for gateway, weight in sorted(through.items())
    ]
    return LocalityGroup(locality=group.locality, members=tuple(members), weight=weight_of(members))


def _only_mutual(group: LocalityGroup) -> LocalityGroup:
    members = tuple(member for member in group.members if member.tls_mode == MUTUAL_TLS)
    return LocalityGroup(locality=group.locality, members=members, weight=weight_of(members))
