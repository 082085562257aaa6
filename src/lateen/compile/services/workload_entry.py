# SPDX-License-Identifier: Apache-2.0
"""What a WorkloadEntry, or an endpoint written inside a ServiceEntry, says of the workload behind it."""

from __future__ import annotations

from lateen.compile.mesh import trust_domain
from lateen.compile.services.endpoint import MUTUAL_TLS, NO_TLS, TLS_MODE_LABEL
from lateen.compile.services.identity import spiffe_identity
from lateen.compile.services.locality import LOCALITY_LABEL, parse_locality
from lateen.compile.services.network import CLUSTER
from lateen.compile.services.pod import WorkloadFacts, with_topology
from lateen.compile.workload import Locality
from lateen.incremental.engine import Engine, query
from lateen.model.message import FrozenMap
from lateen.model.networking.workload_entry import WorkloadEntry, WorkloadEntrySpec
from lateen.model.ref import Ref
from lateen.state import inputs

HEALTH_CHECKED = "proxy.istio.io/health-checks-enabled"
"""Annotation of a workload entry that is used only while its condition `Healthy` is True."""


def facts_of(spec: WorkloadEntrySpec, labels: dict[str, str], name: str, namespace: str, trust: str) -> WorkloadFacts:
    """The workload at an endpoint. With a service account it speaks mutual TLS unless a label says otherwise."""
    written = spec.locality or labels.get(LOCALITY_LABEL, "")
    locality = parse_locality(written) if written else Locality()
    return WorkloadFacts(
        name=name,
        namespace=namespace,
        labels=with_topology(labels, locality, spec.network, CLUSTER, ""),
        locality=locality,
        network=spec.network,
        tls_mode=labels.get(TLS_MODE_LABEL) or (MUTUAL_TLS if spec.service_account else NO_TLS),
        service_account=spiffe_identity(trust, namespace, spec.service_account) if spec.service_account else "",
        account=spec.service_account,
        address=spec.address,
        weight=spec.weight,
        ports=FrozenMap(spec.ports),
        selectable=True,
    )


@query
def entry_facts(db: Engine, ref: Ref) -> WorkloadFacts | None:
    """The workload of the WorkloadEntry `ref`; None when there is none, or it is not healthy."""
    entry = inputs.workload_entry(db, ref)
    if entry is None or not is_healthy(entry):
        return None
    return facts_of(entry.spec, entry_labels(entry), entry.name, entry.namespace, trust_domain(db))


def entry_labels(entry: WorkloadEntry) -> dict[str, str]:
    """The labels of a workload: those of the spec, completed and overridden by those of the object."""
    return {**entry.spec.labels, **entry.metadata.labels}


def is_healthy(entry: WorkloadEntry) -> bool:
    """Whether it may get traffic: always without health checks, else only when it is known to be healthy."""
    if entry.metadata.annotations.get(HEALTH_CHECKED, "").lower() not in ("true", "t", "1"):
        return True
    return any(c.type == "Healthy" and c.status.lower() == "true" for c in entry.status.conditions)
