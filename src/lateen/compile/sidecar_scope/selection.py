# SPDX-License-Identifier: Apache-2.0
"""Which Sidecar applies to a workload."""

from __future__ import annotations

from lateen.compile.mesh import root_namespace
from lateen.compile.workload import Labels
from lateen.incremental.engine import Engine, query
from lateen.model.ref import Ref
from lateen.state import inputs


@query
def sidecar_for(db: Engine, namespace: str, labels: Labels) -> Ref | None:
    """The Sidecar of a workload: the oldest of its namespace whose selector matches, else the oldest without one,
    else the mesh's default (in the root namespace, without a selector), else None."""
    carried = set(labels)
    default: Ref | None = None
    for candidate in inputs.sidecars_in(db, namespace):
        selector = candidate.spec.workload_selector
        if selector is None:
            default = default or candidate.ref
        elif carried.issuperset(selector.labels.items()):
            return candidate.ref
    if default is not None:
        return default
    for candidate in inputs.sidecars_in(db, root_namespace(db)):
        if candidate.spec.workload_selector is None:
            return candidate.ref
    return None
