# SPDX-License-Identifier: Apache-2.0
"""Which labels of a proxy its outbound configuration can depend on: proxies that differ in others share a scope."""

from __future__ import annotations

from lateen.compile.mesh import mesh, root_namespace
from lateen.compile.routing.virtual_service import complete
from lateen.incremental.engine import Engine, query
from lateen.model.networking.load_balancer import LocalityLoadBalancerSetting
from lateen.model.networking.traffic_policy import PortTrafficPolicy, TrafficPolicy
from lateen.model.ref import Ref
from lateen.state import inputs


@query
def relevant_labels(db: Engine, namespace: str, owners: tuple[str, ...] | None) -> frozenset[str]:
    """The keys of labels that rules ask for which proxies of `namespace` may see. They import virtual services of the
    namespaces `owners` only, None for all."""
    found = set(_compared(mesh(db).locality_lb_setting)) | failover_labels_in_use(db)
    if owners is None:
        found |= source_labels_in_use(db)
    else:
        for owner in owners:
            found |= source_labels_of(db, owner)
    for ref in inputs.refs_in(db, ("DestinationRule", namespace)):
        found |= selector_labels(db, ref)
    for owner in {namespace, root_namespace(db)}:
        found |= policy_labels(db, owner)
    return frozenset(found)


@query
def source_labels_in_use(db: Engine) -> frozenset[str]:
    """The keys of `sourceLabels` in all virtual services."""
    owners = inputs.namespaces_of(db, "VirtualService")
    return frozenset(label for owner in owners for label in source_labels_of(db, owner))


@query
def source_labels_of(db: Engine, owner: str) -> frozenset[str]:
    """The keys of `sourceLabels` in the virtual services of a namespace."""
    refs = inputs.refs_in(db, ("VirtualService", owner))
    return frozenset(label for ref in refs for label in source_labels(db, ref))


@query
def failover_labels_in_use(db: Engine) -> frozenset[str]:
    """The keys of labels that destination rules compare to rank endpoints."""
    owners = inputs.namespaces_of(db, "DestinationRule")
    refs = (ref for owner in owners for ref in inputs.refs_in(db, ("DestinationRule", owner)))
    return frozenset(label for ref in refs for label in failover_labels(db, ref))


@query
def source_labels(db: Engine, ref: Ref) -> frozenset[str]:
    """The keys of `sourceLabels` in the matches of the virtual service `ref`."""
    rule = complete(db, ref)
    if rule is None:
        return frozenset()
    return frozenset(
        label
        for routes in (rule.http, rule.tcp, rule.tls)
        for route in routes
        for match in route.match
        for label in match.source_labels
    )


@query
def failover_labels(db: Engine, ref: Ref) -> frozenset[str]:
    """The keys of labels that the destination rule `ref` compares to rank endpoints (failoverPriority)."""
    rule = inputs.destination_rule(db, ref)
    if rule is None:
        return frozenset()
    policies: list[TrafficPolicy | PortTrafficPolicy | None] = [rule.spec.traffic_policy]
    policies += [subset.traffic_policy for subset in rule.spec.subsets]
    policies += [p for policy in policies if isinstance(policy, TrafficPolicy) for p in policy.port_level_settings]
    found: set[str] = set()
    for policy in policies:
        if policy is not None and policy.load_balancer is not None:
            found |= _compared(policy.load_balancer.locality_lb_setting)
    return frozenset(found)


@query
def selector_labels(db: Engine, ref: Ref) -> frozenset[str]:
    """The keys of the destination rule's workloadSelector."""
    rule = inputs.destination_rule(db, ref)
    selector = rule.spec.workload_selector if rule is not None else None
    return frozenset(selector.match_labels) if selector is not None else frozenset()


@query
def policy_labels(db: Engine, namespace: str) -> frozenset[str]:
    """The keys by which objects of a namespace that change filters or logs select workloads."""
    found: set[str] = set()
    for telemetry in inputs.telemetries_in(db, namespace):
        if telemetry.spec.selector is not None:
            found.update(telemetry.spec.selector.match_labels)
    for plugin in inputs.wasm_plugins_in(db, namespace):
        if plugin.spec.selector is not None:
            found.update(plugin.spec.selector.match_labels)
    for patches in inputs.envoy_filters_in(db, namespace):
        if patches.spec.workload_selector is not None:
            found.update(patches.spec.workload_selector.labels)
    return frozenset(found)


def _compared(setting: LocalityLoadBalancerSetting | None) -> set[str]:
    return {label.partition("=")[0] for label in setting.failover_priority} if setting is not None else set()
