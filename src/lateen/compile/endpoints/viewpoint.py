# SPDX-License-Identifier: Apache-2.0
"""`Viewpoint`: where endpoints are looked at from, reduced to what counts for one cluster.

Most clusters look the same from everywhere; their viewpoint is empty and all proxies share their endpoints.
"""

from __future__ import annotations

import msgspec

from lateen.compile.clusters.defaults import cluster_defaults
from lateen.compile.endpoints.network_gateways import network_gateways
from lateen.compile.services.locality import (
    CLUSTER_LABEL,
    HOSTNAME_LABEL,
    NETWORK_LABEL,
    REGION_LABEL,
    SUBZONE_LABEL,
    ZONE_LABEL,
)
from lateen.compile.services.service import MeshService
from lateen.compile.traffic_policy.destination_rule import merged_rule
from lateen.compile.traffic_policy.effective_policy import effective_policy
from lateen.compile.traffic_policy.locality import LocalityPreference, locality_preference
from lateen.compile.workload import Labels, Locality, Scope
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref


class Viewpoint(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Where the client is, as far as it matters; what does not matter is at its default."""

    locality: Locality = Locality()
    labels: Labels = ()
    """The values of the labels that failoverPriority compares."""
    node: str = ""
    network: str = ""


EVERYWHERE = Viewpoint()


class _Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What of a client the endpoints of a cluster depend on."""

    locality: bool
    labels: tuple[str, ...]


_NOTHING = _Needs(locality=False, labels=())


def compared_labels(preference: LocalityPreference | None) -> tuple[str, ...]:
    """The labels of the client that a preference compares with those of endpoints: those without a value given."""
    if preference is None or not preference.failover or preference.setting.distribute:
        return ()
    return tuple(label for label in preference.setting.failover_priority if "=" not in label)


@query
def _needs(db: Engine, rule: tuple[Ref, ...], port: int, subset: str, traffic_distribution: str) -> _Needs:
    policy = effective_policy(merged_rule(db, rule), port, subset)
    preference = locality_preference(cluster_defaults(db).locality, policy, traffic_distribution)
    if preference is None or not preference.ranks_endpoints:
        return _NOTHING
    return _Needs(locality=True, labels=compared_labels(preference))


def viewpoint_of(
    db: Engine, scope: Scope, service: MeshService, rule: tuple[Ref, ...], port: int, subset: str
) -> Viewpoint:
    """How `scope` looks at the endpoints of a cluster."""
    needs = _needs(db, rule, port, subset, service.traffic_distribution)
    node = scope.node if service.node_local else ""
    network = scope.network if network_gateways(db) else ""
    if not needs.locality and not node and not network:
        return EVERYWHERE
    return Viewpoint(
        locality=scope.locality if needs.locality else Locality(),
        labels=tuple((label, client_label(scope, label)) for label in needs.labels),
        node=node,
        network=network,
    )


def client_label(scope: Scope, label: str) -> str:
    """The value of a proxy's label; where the proxy runs counts as labels of it."""
    topology = {
        REGION_LABEL: scope.locality.region,
        ZONE_LABEL: scope.locality.zone,
        SUBZONE_LABEL: scope.locality.subzone,
        NETWORK_LABEL: scope.network,
        CLUSTER_LABEL: scope.cluster_id,
        HOSTNAME_LABEL: scope.node,
    }
    return topology.get(label) or dict(scope.labels).get(label, "")
