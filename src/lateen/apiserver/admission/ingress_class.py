# SPDX-License-Identifier: Apache-2.0
"""An Ingress that names no class gets the default one."""

from __future__ import annotations

from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry.kind import Document

_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
_LEGACY = "kubernetes.io/ingress.class"


def admit(cluster: Cluster, call: Call, new: Document | None, old: Document | None) -> None:
    if new is None or old is not None or call.kind.resource != "ingresses.networking.k8s.io":
        return
    spec = new.setdefault("spec", {})
    if "ingressClassName" in spec or _LEGACY in (new["metadata"].get("annotations") or {}):
        return
    default = [
        found
        for found in (
            stored.document()["metadata"] for stored in cluster.store.heads("ingressclasses.networking.k8s.io")
        )
        if (found.get("annotations") or {}).get(_DEFAULT) == "true"
    ]
    if default:
        # The newest wins, then the first by name.
        newest = max(found["creationTimestamp"] for found in default)
        spec["ingressClassName"] = min(found["name"] for found in default if found["creationTimestamp"] == newest)
