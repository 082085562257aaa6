# SPDX-License-Identifier: Apache-2.0
"""Defaults of the kinds nothing acts on, so that they read back as they would elsewhere."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.registry.kind import Document, Strategy
from lateen.apiserver.status import Cause, invalid_value, required
from lateen.apiserver.strategy.pod_defaults import default_spec, default_template

_CRON_FIELDS = 5
RETURNED = Strategy(returns_deleted=True)


def _job_spec(spec: dict[str, Any]) -> None:
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed")
    spec.setdefault("manualSelector", False)


def _job(document: Document) -> None:
    default_template(document)
    _job_spec(document.setdefault("spec", {}))


def _new_job(document: Document) -> None:
    """A Job's pods are told apart by labels that carry its uid."""
    document["status"] = {}
    spec, metadata = document["spec"], document["metadata"]
    if spec["manualSelector"]:
        return
    labels = spec.setdefault("template", {}).setdefault("metadata", {}).setdefault("labels", {})
    for prefix in ("batch.kubernetes.io/", ""):
        labels[prefix + "controller-uid"] = metadata["uid"]
        labels[prefix + "job-name"] = metadata["name"]
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": metadata["uid"]}}


JOB = Strategy(default=_job, prepare=_new_job, generation=True)


def _cron_job(document: Document) -> None:
    spec = document.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    default_template(spec.get("jobTemplate") or {})


def _schedule(document: Document) -> list[Cause]:
    schedule = document["spec"].get("schedule", "")
    if not schedule:
        return [required("spec.schedule")]
    fields = schedule.split()
    if schedule.startswith("@") or len(fields) == _CRON_FIELDS:
        return []
    detail = f"expected exactly {_CRON_FIELDS} fields, found {len(fields)}: [{' '.join(fields)}]"
    return [invalid_value("spec.schedule", schedule, detail)]


CRON_JOB = Strategy(default=_cron_job, validate=_schedule, generation=True)


def _replication_controller(document: Document) -> None:
    default_template(document)
    spec = document.setdefault("spec", {})
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if labels:
        spec.setdefault("selector", labels)
        document["metadata"].setdefault("labels", labels)
    spec.setdefault("replicas", 1)


def _no_replicas(document: Document) -> None:
    document["status"] = {"replicas": 0}


REPLICATION_CONTROLLER = Strategy(default=_replication_controller, prepare=_no_replicas, generation=True)


def _pod_template(document: Document) -> None:
    default_spec(document.setdefault("template", {}).setdefault("spec", {}))


POD_TEMPLATE = Strategy(default=_pod_template, generation=True, returns_deleted=True)


def _claim(document: Document) -> None:
    document.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    document.setdefault("status", {}).setdefault("phase", "Pending")


CLAIM = Strategy(default=_claim, returns_deleted=True)


def _volume(document: Document) -> None:
    spec = document.setdefault("spec", {})
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")
    document.setdefault("status", {}).setdefault("phase", "Pending")


VOLUME = Strategy(default=_volume, returns_deleted=True)


def _autoscaler(document: Document) -> None:
    spec = document.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


AUTOSCALER = Strategy(default=_autoscaler)


def _priority(document: Document) -> None:
    document.setdefault("preemptionPolicy", "PreemptLowerPriority")


PRIORITY = Strategy(default=_priority, generation=True)


def _storage_class(document: Document) -> None:
    document.setdefault("reclaimPolicy", "Delete")
    document.setdefault("volumeBindingMode", "Immediate")


STORAGE_CLASS = Strategy(default=_storage_class, returns_deleted=True)
