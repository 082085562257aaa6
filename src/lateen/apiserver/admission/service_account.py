# SPDX-License-Identifier: Apache-2.0
"""A pod runs as a ServiceAccount that exists, and gets its token as a volume."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.status import forbidden
from lateen.apiserver.store.revision import Key

MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
VOLUME_PREFIX = "kube-api-access-"
_EXPIRATION = 3607


def admit(cluster: Cluster, call: Call, new: Document | None, old: Document | None) -> None:
    if new is None or old is not None or call.kind.resource != "pods":
        return
    spec = new["spec"]
    name = spec["serviceAccountName"]
    account = cluster.store.head(Key("serviceaccounts", call.namespace, name))
    if account is None:
        why = f'error looking up service account {call.namespace}/{name}: serviceaccount "{name}" not found'
        raise forbidden("pods", "", new["metadata"].get("name") or new["metadata"].get("generateName", ""), why)
    document = account.document()
    if not spec.get("imagePullSecrets") and document.get("imagePullSecrets"):
        spec["imagePullSecrets"] = document["imagePullSecrets"]
    if spec.get("automountServiceAccountToken", document.get("automountServiceAccountToken", True)):
        _mount(cluster, spec)


def _mount(cluster: Cluster, spec: dict[str, Any]) -> None:
    """Mount the token wherever nothing is mounted in its place yet."""
    volumes = spec.setdefault("volumes", [])
    name = next((v["name"] for v in volumes if v["name"].startswith(VOLUME_PREFIX)), "")
    needed = False
    chosen = name or VOLUME_PREFIX + cluster.new_suffix()
    for group in ("initContainers", "containers"):
        for container in spec.get(group) or ():
            mounts = container.setdefault("volumeMounts", [])
            if not any(mount.get("mountPath") == MOUNT_PATH for mount in mounts):
                mounts.append({"name": chosen, "readOnly": True, "mountPath": MOUNT_PATH})
                needed = True
    if needed and not name:
        volumes.append({"name": chosen, "projected": {"sources": _sources(), "defaultMode": 420}})
    elif not volumes:
        del spec["volumes"]


def _sources() -> list[dict[str, Any]]:
    return [
        {"serviceAccountToken": {"expirationSeconds": _EXPIRATION, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
            }
        },
    ]
