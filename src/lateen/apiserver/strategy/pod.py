# SPDX-License-Identifier: Apache-2.0
"""Pods: defaults, what admission adds, what may change once a pod exists."""

from __future__ import annotations

import copy
from typing import Any

from lateen.apiserver.registry.kind import Document, Strategy
from lateen.apiserver.status import Cause, forbidden_field
from lateen.apiserver.strategy.pod_defaults import default_spec
from lateen.apiserver.strategy.pod_rules import spec_causes

_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_UPDATES = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def _default(pod: Document) -> None:
    spec = pod.setdefault("spec", {})
    default_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    for group in ("initContainers", "containers"):
        for container in spec.get(group) or ():
            resources = container.get("resources") or {}
            for name, amount in (resources.get("limits") or {}).items():
                resources.setdefault("requests", {}).setdefault(name, amount)


def _prepare(pod: Document) -> None:
    spec = pod["spec"]
    pod["status"] = {"phase": "Pending", "qosClass": _quality(spec)}
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = spec["serviceAccountName"]
    tolerations = spec.setdefault("tolerations", [])
    for key in _TOLERATED:
        if not any(t.get("key") in (key, None) and t.get("effect") in ("NoExecute", None) for t in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})


def _quality(spec: dict[str, Any]) -> str:
    """The class of service: Guaranteed, Burstable or BestEffort."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    given, equal = False, True
    for container in containers:
        resources = container.get("resources") or {}
        requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
        for name in ("cpu", "memory"):
            given = given or name in requests or name in limits
            equal = equal and name in limits and requests.get(name) == limits[name]
    return "BestEffort" if not given else "Guaranteed" if equal else "Burstable"


def _prepare_update(new: Document, old: Document) -> None:
    new["status"] = old.get("status", {})


def _validate(pod: Document) -> list[Cause]:
    return spec_causes(pod["spec"], "spec")


def _validate_update(new: Document, old: Document) -> list[Cause]:
    if _fixed(new) == _fixed(old):
        return []
    return [forbidden_field("spec", _UPDATES)]


def _fixed(pod: Document) -> Any:
    """The specification without what may change."""
    spec = copy.deepcopy(pod.get("spec") or {})
    for name in ("activeDeadlineSeconds", "tolerations"):
        spec.pop(name, None)
    for group in ("initContainers", "containers"):
        for container in spec.get(group) or ():
            container.pop("image", None)
    return spec


STRATEGY = Strategy(
    default=_default,
    prepare=_prepare,
    prepare_update=_prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    generation=True,
    returns_deleted=True,
    graceful=True,
)
