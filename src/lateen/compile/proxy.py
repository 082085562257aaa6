# SPDX-License-Identifier: Apache-2.0
"""Everything one proxy should hold: the layers of its resources, most of them shared with other proxies."""

from __future__ import annotations

from lateen.compile.scope import scope_of
from lateen.compile.workload import Workload
from lateen.envoy.snapshot import Snapshot
from lateen.incremental.engine import Engine, query


@query
def snapshot(db: Engine, workload: Workload) -> Snapshot:
    """The resources of `workload`'s proxy."""
    scope_of(db, workload)
    return Snapshot((), (), (), (), {})
