# SPDX-License-Identifier: Apache-2.0
"""What a Pod says of the workload in it: identity, place, labels."""

from __future__ import annotations

import msgspec

from lateen.compile.mesh import trust_domain
from lateen.compile.services.endpoint import NO_TLS, TLS_MODE_LABEL, Health
from lateen.compile.services.identity import spiffe_identity
from lateen.compile.services.locality import (
    CLUSTER_LABEL,
    HOSTNAME_LABEL,
    LOCALITY_LABEL,
    NETWORK_LABEL,
    REGION_LABEL,
    SUBZONE_LABEL,
    ZONE_LABEL,
    node_locality,
    parse_locality,
)
from lateen.compile.services.network import CLUSTER, workload_network
from lateen.compile.workload import Labels, Locality, labels_of
from lateen.incremental.engine import Engine, query
from lateen.model.core.pod import Pod
from lateen.model.message import FrozenMap
from lateen.model.ref import Ref
from lateen.state import inputs


class WorkloadFacts(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """What an endpoint takes from the workload behind it."""

    name: str
    namespace: str
    labels: Labels
    """Completed with the workload's topology."""
    locality: Locality
    network: str
    tls_mode: str
    service_account: str
    """The SPIFFE identity, empty when unknown."""
    account: str = ""
    """The service account's name."""
    node: str = ""
    hostname: str = ""
    subdomain: str = ""
    address: str = ""
    weight: int = 0
    ports: FrozenMap[str, int] = FrozenMap()
    """Numbers of the workload's named ports."""
    health: Health = Health.UNKNOWN
    selectable: bool = False
    """Whether selectors of ServiceEntries take it: it has an address, and a pod is ready and not about to end."""


def with_topology(labels: dict[str, str], locality: Locality, network: str, cluster: str, node: str) -> Labels:
    """Labels completed with where the workload is, for subsets and failover priorities to refer to."""
    found = dict(labels)
    for key, value in (
        (REGION_LABEL, locality.region),
        (ZONE_LABEL, locality.zone),
        (SUBZONE_LABEL, locality.subzone),
        (CLUSTER_LABEL, cluster),
        (HOSTNAME_LABEL, node),
        (NETWORK_LABEL, network),
    ):
        if value:
            found[key] = value
    return labels_of(found)


@query
def pod_facts(db: Engine, ref: Ref) -> WorkloadFacts | None:
    """What the Pod `ref` says; None when there is no such Pod."""
    pod = inputs.pod(db, ref)
    if pod is None:
        return None
    labels = pod.metadata.labels
    written = labels.get(LOCALITY_LABEL, "")
    locality = parse_locality(written) if written else node_locality(db, pod.spec.node_name)
    address = pod.status.pod_ip or next((entry.ip for entry in pod.status.pod_ips), "")
    network = workload_network(db, labels, address)
    account = pod.spec.service_account_name or "default"
    return WorkloadFacts(
        name=pod.name,
        namespace=pod.namespace,
        labels=with_topology(labels, locality, network, CLUSTER, pod.spec.node_name),
        locality=locality,
        network=network,
        tls_mode=labels.get(TLS_MODE_LABEL) or NO_TLS,
        service_account=spiffe_identity(trust_domain(db), pod.namespace, account),
        account=account,
        node=pod.spec.node_name,
        hostname=pod.spec.hostname,
        subdomain=pod.spec.subdomain,
        address=address,
        ports=_named_ports(pod),
        health=Health.HEALTHY,
        selectable=_selectable(pod),
    )


def _named_ports(pod: Pod) -> FrozenMap[str, int]:
    found: dict[str, int] = {}
    for container in pod.spec.containers:
        for port in container.ports:
            if port.name and port.protocol == "TCP":
                found.setdefault(port.name, port.container_port)
    return FrozenMap(found)


def _selectable(pod: Pod) -> bool:
    status = pod.status
    ready = any(c.type == "Ready" and c.status == "True" for c in status.conditions)
    ended = status.phase in ("Succeeded", "Failed") or bool(pod.metadata.deletion_timestamp)
    return ready and not ended and not pod.spec.host_network and bool(status.pod_ip or status.pod_ips)
