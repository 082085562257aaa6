# SPDX-License-Identifier: Apache-2.0
"""Kinds that are kept and shown because manifests and clients expect them, but that nothing in our cluster acts on.

Whoever creates one is warned of that.
"""

from __future__ import annotations

from typing import Any

from lateen.apiserver.registry.builtin import builtin
from lateen.apiserver.registry.kind import Kind, Strategy, Subresource
from lateen.apiserver.strategy import inert
from lateen.apiserver.strategy.workload import DAEMON_SET
from lateen.apiserver.tables import apps, batch, policy, storage


def _kind(group: str, version: str, kind: str, *, status: bool = True, **more: Any) -> Kind:
    found = (Subresource("status", kind),) if status else ()
    return builtin(group, version, kind, subresources=found, inert=True, **more)


def kinds() -> list[Kind]:
    everywhere: dict[str, Any] = {"namespaced": False}
    every: dict[str, Any] = {"categories": ("all",)}
    return [
        _kind("", "v1", "LimitRange", status=False, short_names=("limits",), strategy=Strategy(create_on_update=True)),
        _kind(
            "",
            "v1",
            "PersistentVolumeClaim",
            short_names=("pvc",),
            table=storage.CLAIM,
            strategy=inert.CLAIM,
        ),
        _kind(
            "", "v1", "PersistentVolume", short_names=("pv",), table=storage.VOLUME, strategy=inert.VOLUME, **everywhere
        ),
        _kind("", "v1", "PodTemplate", status=False, table=batch.POD_TEMPLATE, strategy=inert.POD_TEMPLATE),
        _kind(
            "",
            "v1",
            "ReplicationController",
            short_names=("rc",),
            table=batch.REPLICATION_CONTROLLER,
            strategy=inert.REPLICATION_CONTROLLER,
            **every,
        ),
        _kind("", "v1", "ResourceQuota", short_names=("quota",), table=policy.QUOTA, strategy=inert.RETURNED),
        _kind("apps", "v1", "DaemonSet", short_names=("ds",), table=apps.DAEMON_SET, strategy=DAEMON_SET, **every),
        _kind(
            "autoscaling",
            "v2",
            "HorizontalPodAutoscaler",
            short_names=("hpa",),
            table=policy.AUTOSCALER,
            strategy=inert.AUTOSCALER,
            **every,
        ),
        _kind("batch", "v1", "CronJob", short_names=("cj",), table=batch.CRON_JOB, strategy=inert.CRON_JOB, **every),
        _kind("batch", "v1", "Job", table=batch.JOB, strategy=inert.JOB, **every),
        _kind(
            "policy",
            "v1",
            "PodDisruptionBudget",
            short_names=("pdb",),
            table=policy.BUDGET,
            strategy=Strategy(generation=True),
        ),
        _kind(
            "scheduling.k8s.io",
            "v1",
            "PriorityClass",
            status=False,
            plural="priorityclasses",
            short_names=("pc",),
            table=policy.PRIORITY,
            strategy=inert.PRIORITY,
            **everywhere,
        ),
        _kind(
            "storage.k8s.io",
            "v1",
            "StorageClass",
            status=False,
            plural="storageclasses",
            short_names=("sc",),
            table=storage.CLASS,
            strategy=inert.STORAGE_CLASS,
            **everywhere,
        ),
    ]
