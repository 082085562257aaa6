# SPDX-License-Identifier: Apache-2.0
"""The workload that a pod belongs to: its name and kind are part of the proxy's metadata."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lateen.inject.document import Document, labels_of, mapping, objects

_CRON_JOB_NAME: Final = re.compile(r"(.+)-\d{8,10}")


@dataclass(frozen=True, slots=True)
class Owner:
    """What made the pod; a pod of its own is its own owner."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""

    def path(self) -> str:
        """As ISTIO_META_OWNER names it."""
        namespace = self.namespace or "default"
        return f"kubernetes://apis/{self.api_version}/namespaces/{namespace}/{self.kind.lower()}s/{self.name}"


def owner_of(pod: Document) -> Owner:
    """The owner, as far as the pod itself tells: a ReplicaSet stands for its Deployment, a Job for its CronJob.

    The names alone tell so; a pod without `generateName` has been written by hand and owns itself.
    """
    meta = mapping(pod.get("metadata"))
    namespace = _text(meta.get("namespace"))
    itself = Owner("v1", "Pod", _text(meta.get("name")), namespace)
    controller = next((ref for ref in objects(meta.get("ownerReferences")) if ref.get("controller") is True), None)
    if controller is None or not meta.get("generateName"):
        return itself
    api_version, kind, name = (_text(controller.get(key)) for key in ("apiVersion", "kind", "name"))
    labels = labels_of(pod)
    template_hash, rollout_hash = labels.get("pod-template-hash"), labels.get("rollouts-pod-template-hash")
    if kind == "ReplicaSet" and rollout_hash and name.endswith(f"-{rollout_hash}"):
        return Owner("v1alpha1", "Rollout", name.removesuffix(f"-{rollout_hash}"), namespace)
    if kind == "ReplicaSet" and template_hash and name.endswith(f"-{template_hash}"):
        return Owner(api_version, "Deployment", name.removesuffix(f"-{template_hash}"), namespace)
    if kind == "ReplicationController" and labels.get("deploymentconfig"):
        return Owner(api_version, "DeploymentConfig", labels["deploymentconfig"], namespace)
    if kind == "Job" and (match := _CRON_JOB_NAME.fullmatch(name)):
        return Owner("batch/v1", "CronJob", match[1], namespace)
    return Owner(api_version, kind, name or itself.name, namespace)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
