# SPDX-License-Identifier: Apache-2.0
"""A proxy's introduction completed with what the mesh knows of its workload: its Pod, or its WorkloadEntry."""

from __future__ import annotations

import msgspec

from lateen.compile.services.pod import WorkloadFacts, pod_facts
from lateen.compile.services.workload_entry import entry_facts, entry_labels
from lateen.compile.workload import Locality, Workload, labels_of
from lateen.incremental.engine import Engine, query
from lateen.model.core.pod import Pod
from lateen.model.networking.workload_entry import WorkloadEntry
from lateen.model.ref import Ref
from lateen.state import inputs


@query
def pod_of(db: Engine, namespace: str, name: str, ips: tuple[str, ...]) -> Ref | None:
    """The Pod of a proxy: by its name, else by its addresses, in its namespace."""
    named = inputs.pod(db, Ref("Pod", namespace, name))
    if named is not None:
        return named.ref
    return next((pod.ref for ip in ips for pod in inputs.pods_by_ip(db, ip) if pod.namespace == namespace), None)


@query
def entry_of(db: Engine, namespace: str, ips: tuple[str, ...]) -> Ref | None:
    """The WorkloadEntry of a proxy: the first by name, in its namespace, with one of its addresses."""
    found = (entry.ref for ip in ips for entry in inputs.workload_entries_by_address(db, ip))
    return min((ref for ref in found if ref.namespace == namespace), default=None)


@query
def known_workload(db: Engine, workload: Workload) -> Workload:
    """`workload` with the labels, place and account of its Pod or WorkloadEntry, if there is one: these are right even
    where the proxy was told something else when it started."""
    entry = entry_of(db, workload.namespace, workload.ips)
    pod = None if entry is not None else pod_of(db, workload.namespace, workload.name, workload.ips)
    found = inputs.workload_entry(db, entry) if entry is not None else inputs.pod(db, pod) if pod is not None else None
    if found is None:
        return workload
    facts = entry_facts(db, found.ref) if isinstance(found, WorkloadEntry) else pod_facts(db, found.ref)
    return _completed(workload, found, facts) if facts is not None else workload


def _completed(workload: Workload, found: Pod | WorkloadEntry, facts: WorkloadFacts) -> Workload:
    labels = found.metadata.labels if isinstance(found, Pod) else entry_labels(found)
    return msgspec.structs.replace(
        workload,
        labels=labels_of(labels),
        locality=facts.locality if facts.locality != Locality() else workload.locality,
        node=facts.node or workload.node,
        network=workload.network or facts.network,
        service_account=facts.account or workload.service_account,
    )
