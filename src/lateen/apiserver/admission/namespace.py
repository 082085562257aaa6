# SPDX-License-Identifier: Apache-2.0
"""The namespaces a cluster cannot be without."""

from __future__ import annotations

from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.status import forbidden

_IMMORTAL = ("default", "kube-public", "kube-system")


def admit(cluster: Cluster, call: Call, new: Document | None, old: Document | None) -> None:
    if new is None and old is not None and call.kind.resource == "namespaces":
        name = old["metadata"]["name"]
        if name in _IMMORTAL:
            raise forbidden("namespaces", "", name, "this namespace may not be deleted")
