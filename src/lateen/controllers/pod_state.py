# SPDX-License-Identifier: Apache-2.0
"""What can be read off a Pod: active, ready, available; and which of several to remove first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lateen.kube.client import Object


def parse_time(text: str) -> float:
    """An RFC 3339 time as seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def condition(body: Object, type_: str) -> dict[str, Any] | None:
    """The status condition of that type."""
    for entry in body.get("status", {}).get("conditions") or ():
        if entry["type"] == type_:
            return dict(entry)
    return None


def is_active(pod: Object) -> bool:
    """Neither finished nor on its way out."""
    return pod.get("status", {}).get("phase") not in ("Succeeded", "Failed") and not is_terminating(pod)


def is_terminating(body: Object) -> bool:
    """Being deleted."""
    return bool(body["metadata"].get("deletionTimestamp"))


def is_ready(pod: Object) -> bool:
    """The Ready condition is True."""
    ready = condition(pod, "Ready")
    return ready is not None and ready["status"] == "True"


def available_in(pod: Object, min_ready_seconds: int, now: float) -> float | None:
    """Seconds until the pod has been ready for long enough (0: it is available), or None if it is not ready."""
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True":
        return None
    if not min_ready_seconds:
        return 0.0
    since = ready.get("lastTransitionTime")
    return max(0.0, parse_time(since) + min_ready_seconds - now) if since else float(min_ready_seconds)


def removal_rank(pod: Object) -> tuple[Any, ...]:
    """Sort key: the pods that should go first come first (kube-controller-manager's ActivePods order)."""
    status = pod.get("status", {})
    phase = {"Pending": 0, "Unknown": 1, "Running": 2}.get(status.get("phase", "Pending"), 0)
    cost = int((pod["metadata"].get("annotations") or {}).get("controller.kubernetes.io/pod-deletion-cost", "0"))
    ready = condition(pod, "Ready")
    since = ready.get("lastTransitionTime", "") if ready and is_ready(pod) else ""
    restarts = max((c.get("restartCount", 0) for c in status.get("containerStatuses") or ()), default=0)
    return (
        bool(pod.get("spec", {}).get("nodeName")),
        phase,
        is_ready(pod),
        cost,
        _newest_first(since),
        -restarts,
        _newest_first(pod["metadata"].get("creationTimestamp", "")),
    )


def _newest_first(text: str) -> float:
    return -parse_time(text) if text else 0.0
