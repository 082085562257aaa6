# SPDX-License-Identifier: Apache-2.0
"""Where workloads run: from a label of their own, or from their Kubernetes node."""

from __future__ import annotations

from lateen.compile.workload import Locality
from lateen.incremental.engine import Engine, query
from lateen.state import inputs

LOCALITY_LABEL = "istio-locality"
REGION_LABEL = "topology.kubernetes.io/region"
ZONE_LABEL = "topology.kubernetes.io/zone"
SUBZONE_LABEL = "topology.istio.io/subzone"
NETWORK_LABEL = "topology.istio.io/network"
CLUSTER_LABEL = "topology.istio.io/cluster"
HOSTNAME_LABEL = "kubernetes.io/hostname"

_OLD_REGION_LABEL = "failure-domain.beta.kubernetes.io/region"
_OLD_ZONE_LABEL = "failure-domain.beta.kubernetes.io/zone"


def parse_locality(text: str) -> Locality:
    """`region/zone/subzone`; labels cannot hold a slash, so `region.zone.subzone` is the same there."""
    parts = (text if "/" in text else text.replace(".", "/")).split("/", 2)
    return Locality(*parts)


@query
def node_locality(db: Engine, name: str) -> Locality:
    """The locality of a Kubernetes node, by its labels."""
    node = inputs.node(db, name)
    if node is None:
        return Locality()
    labels = node.metadata.labels
    return Locality(
        labels.get(REGION_LABEL) or labels.get(_OLD_REGION_LABEL, ""),
        labels.get(ZONE_LABEL) or labels.get(_OLD_ZONE_LABEL, ""),
        labels.get(SUBZONE_LABEL, ""),
    )
