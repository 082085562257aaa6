# SPDX-License-Identifier: Apache-2.0
"""The status of a Deployment (apps/v1 DeploymentStatus): counts, and the conditions Available and Progressing. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lateen.controllers.pod_state import condition, parse_time
from lateen.controllers.rolling_update import limits
from lateen.kube.client import Object


def timestamp(now: float) -> str:
    """A time as Kubernetes writes it: RFC 3339, UTC, whole seconds."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def total(sets: list[Object], field: str) -> int:
    """The sum of a status field over ReplicaSets."""
    return sum(body.get("status", {}).get(field, 0) for body in sets)


def is_complete(deployment: Object, status: dict[str, Any]) -> bool:
    """Everything is of the new template and available."""
    wanted = deployment["spec"].get("replicas", 1)
    return bool(
        status.get("updatedReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
        and status.get("availableReplicas", 0) == wanted
    )


def new_status(deployment: Object, new: Object | None, sets: list[Object], now: float) -> dict[str, Any]:
    """The status that the ReplicaSets (`new` is the one of the present template) amount to."""
    before = deployment.get("status") or {}
    wanted = deployment["spec"].get("replicas", 1)
    counts = {
        "replicas": total(sets, "replicas"),
        "updatedReplicas": total([new], "replicas") if new else 0,
        "readyReplicas": total(sets, "readyReplicas"),
        "availableReplicas": total(sets, "availableReplicas"),
    }
    counts["unavailableReplicas"] = max(
        sum(b["spec"].get("replicas", 1) for b in sets) - counts["availableReplicas"], 0
    )
    status: dict[str, Any] = {"observedGeneration": deployment["metadata"]["generation"]}
    status |= {key: value for key, value in counts.items() if value}
    if before.get("collisionCount"):
        status["collisionCount"] = before["collisionCount"]
    enough = counts["availableReplicas"] >= wanted - limits(deployment).unavailable
    conditions = [
        _condition(
            deployment,
            "Available",
            "True" if enough else "False",
            "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
            f"Deployment {'has' if enough else 'does not have'} minimum availability.",
            now,
        )
    ]
    progress = _progressing(deployment, new, status, now)
    if progress:
        conditions.append(progress)
    failed = new and condition(new, "ReplicaFailure")
    if failed:
        conditions.append(_condition(deployment, "ReplicaFailure", "True", failed["reason"], failed["message"], now))
    status["conditions"] = conditions
    return status


def _progressing(deployment: Object, new: Object | None, status: dict[str, Any], now: float) -> dict[str, Any] | None:
    name = new["metadata"]["name"] if new else deployment["metadata"]["name"]
    subject = f'ReplicaSet "{name}"' if new else f'Deployment "{name}"'
    before = condition(deployment, "Progressing")
    if deployment["spec"].get("paused"):
        return _condition(deployment, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now)
    if before and before["reason"] == "DeploymentPaused":
        return _condition(deployment, "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now)
    if is_complete(deployment, status):
        message = f"{subject} has successfully progressed."
        return _condition(deployment, "Progressing", "True", "NewReplicaSetAvailable", message, now)
    if _moved(deployment, status) or before is None:
        reason = "NewReplicaSetCreated" if before is None and new else "ReplicaSetUpdated"
        message = f"{'Created new replica set' if reason == 'NewReplicaSetCreated' else subject} is progressing."
        if reason == "NewReplicaSetCreated":
            message = f'Created new replica set "{name}"'
        found = _condition(deployment, "Progressing", "True", reason, message, now)
        return found | {"lastUpdateTime": timestamp(now)}
    deadline = deadline_in(deployment, status, now)
    if deadline is not None and deadline <= 0:
        message = f"{subject} has timed out progressing."
        return _condition(deployment, "Progressing", "False", "ProgressDeadlineExceeded", message, now)
    return before


def _moved(deployment: Object, status: dict[str, Any]) -> bool:
    before = deployment.get("status") or {}

    def old(counts: dict[str, Any]) -> int:
        return int(counts.get("replicas", 0) - counts.get("updatedReplicas", 0))

    return (
        status.get("updatedReplicas", 0) > before.get("updatedReplicas", 0)
        or old(status) < old(before)
        or status.get("readyReplicas", 0) > before.get("readyReplicas", 0)
        or status.get("availableReplicas", 0) > before.get("availableReplicas", 0)
    )


def deadline_in(deployment: Object, status: dict[str, Any], now: float) -> float | None:
    """Seconds until the lack of progress counts as failure; None if it never does, or there is nothing to wait for."""
    limit = deployment["spec"].get("progressDeadlineSeconds", 600)
    progress = condition(deployment, "Progressing")
    if progress is None or limit >= 2147483647 or is_complete(deployment, status) or deployment["spec"].get("paused"):
        return None
    if progress["reason"] == "NewReplicaSetAvailable":
        return None
    return parse_time(progress["lastUpdateTime"]) + float(limit) - now


def _condition(deployment: Object, type_: str, status: str, reason: str, message: str, now: float) -> dict[str, Any]:
    """The condition, with the times of an equal one kept."""
    before = condition(deployment, type_)
    if before and (before["status"], before["reason"]) == (status, reason):
        return before | {"message": message}
    changed = before["lastTransitionTime"] if before and before["status"] == status else timestamp(now)
    return {
        "type": type_,
        "status": status,
        "lastUpdateTime": timestamp(now),
        "lastTransitionTime": changed,
        "reason": reason,
        "message": message,
    }
