# SPDX-License-Identifier: Apache-2.0
"""A small mesh to compile in tests: documents in, snapshots out, nothing in between replaced."""

from __future__ import annotations

from collections.abc import Iterable

from lateen.compile.proxy import snapshot
from lateen.compile.workload import Locality, Role, Workload, labels_of
from lateen.envoy.blob import Blob
from lateen.envoy.snapshot import Snapshot
from lateen.incremental.engine import Failure
from lateen.model.resource import Resource
from lateen.parse import documents
from lateen.state.state import State


def objects(text: str) -> list[Resource]:
    """The objects of a text of documents; a text with an error in it is a defect of the test."""
    result = documents(text, "test.yaml")
    errors = [str(d) for d in result.diagnostics if d.severity.value == "error"]
    assert not errors, errors
    return [found.object for found in result.objects]


def state_of(found: Iterable[Resource]) -> State:
    """A fresh state with these objects."""
    state = State()
    state.apply((one.ref, one) for one in found)
    return state


def mesh_of(text: str) -> State:
    """A fresh state with the objects of a text."""
    return state_of(objects(text))


def sidecar(name: str = "client", namespace: str = "default", ip: str = "10.1.0.1", **labels: str) -> Workload:
    """A sidecar in region r1, zone a, on node-1."""
    return Workload(
        role=Role.SIDECAR,
        name=name,
        namespace=namespace,
        ips=(ip,),
        labels=labels_of(labels),
        service_account="default",
        locality=Locality("r1", "a"),
        node="node-1",
    )


def contents(found: Snapshot) -> dict[str, dict[str, bytes]]:
    """Everything in a snapshot, by kind and name."""
    kinds = {
        "clusters": found.clusters,
        "endpoints": found.endpoints,
        "listeners": found.listeners,
        "routes": found.routes,
        **{f"virtual hosts of {table}": layers for table, layers in found.virtual_hosts.items()},
    }
    return {kind: {n: _body(b) for layer in layers for n, b in layer.items()} for kind, layers in kinds.items()}


def _body(found: Blob) -> bytes:
    return found.body


def compiled(state: State, workload: Workload) -> dict[str, dict[str, bytes]]:
    """Everything that a proxy should hold."""
    return contents(snapshot(state.db, workload))


def failures(state: State) -> list[Failure]:
    """Queries that raised: each is a defect."""
    return [report for report in state.db.reports() if isinstance(report, Failure)]
