# SPDX-License-Identifier: Apache-2.0
"""Which labels of a proxy its outbound configuration can depend on: proxies that differ in others share a scope."""

from __future__ import annotations

from lateen.compile.mesh import mesh, root_namespace
from lateen.incremental.engine import Engine, query
from lateen.state import inputs
from lateen.state.label_keys import compared_keys


@query
def relevant_labels(db: Engine, namespace: str, owners: tuple[str, ...] | None) -> frozenset[str]:
    """The keys of labels that rules ask for which proxies of `namespace` may see. They import virtual services of the
    namespaces `owners` only, None for all."""
    found = set(compared_keys(mesh(db).locality_lb_setting))
    found |= inputs.compared_labels(db, None) | inputs.selector_labels(db, namespace)
    for owner in ("", *(inputs.namespaces_of(db, "VirtualService") if owners is None else owners)):
        found |= inputs.source_labels(db, owner)
    for owner in {namespace, root_namespace(db)}:
        found |= policy_labels(db, owner)
    return frozenset(found)


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
