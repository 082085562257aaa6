# SPDX-License-Identifier: Apache-2.0
"""The status of a pod as the API shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from lateen.node.container import Run
from lateen.node.plan import Seen, stays
from lateen.node.sidecar import NETWORK_SET_UP

HOST_ADDRESS = "10.244.0.1"


class Waiting(msgspec.Struct, frozen=True):
    """Why a container does not run: `ErrImagePull` and the like."""

    reason: str
    message: str = ""


def status_of(
    pod: Mapping[str, Any], seen: Seen, address: str, waiting: Mapping[str, Waiting], last: Mapping[str, Run]
) -> dict[str, Any]:
    """The status. `waiting` are containers that cannot run and why, `last` the run of each container before its
    present one."""
    spec = pod["spec"]
    inits, containers = spec.get("initContainers") or (), spec["containers"]
    before = pod.get("status") or {}
    statuses = [_container(c, seen, waiting, last) for c in containers]
    init_statuses = [_init(c, seen, waiting, last) for c in inits]
    initialized = all(_passed(c, seen) for c in inits)
    all_ready = initialized and all(s["ready"] for s in statuses)
    kept = [c["name"] for c in inits if stays(c)]
    ready = all_ready and all(name in seen.ready for name in kept)
    phase = _phase(spec, seen, initialized)
    facts = {
        "PodReadyToStartContainers": seen.sandbox,
        "Initialized": initialized,
        "Ready": ready and phase == "Running",
        "ContainersReady": ready and phase == "Running",
        "PodScheduled": True,
    }
    unready = [s["name"] for s in statuses if not s["ready"]]
    found: dict[str, Any] = {
        "phase": phase,
        "hostIP": HOST_ADDRESS,
        "hostIPs": [{"ip": HOST_ADDRESS}],
        "startTime": before.get("startTime") or _time(seen.now),
        "conditions": [_condition(before, name, fact, seen.now, unready) for name, fact in facts.items()],
        "containerStatuses": statuses,
    }
    if address and seen.sandbox:
        found |= {"podIP": address, "podIPs": [{"ip": address}]}
    if init_statuses:
        found["initContainerStatuses"] = init_statuses
    return found


def _phase(spec: Mapping[str, Any], seen: Seen, initialized: bool) -> str:
    policy = spec.get("restartPolicy", "Always")
    runs = [seen.runs.get(c["name"]) for c in spec["containers"]]
    if policy != "Always" and all(run is not None and run.ended is not None for run in runs):
        codes = [run.ended.code for run in runs if run is not None and run.ended is not None]
        if not any(codes):
            return "Succeeded"
        if policy == "Never":
            return "Failed"
    if policy == "Never":
        inits = [seen.runs.get(c["name"]) for c in spec.get("initContainers") or ()]
        if any(run is not None and run.ended is not None and run.ended.code for run in inits):
            return "Failed"
    return "Running" if initialized and any(run is not None for run in runs) else "Pending"


def _passed(container: Mapping[str, Any], seen: Seen) -> bool:
    name = container["name"]
    if name in NETWORK_SET_UP:
        return seen.sandbox
    if stays(container):
        return name in seen.started
    run = seen.runs.get(name)
    return run is not None and run.ended is not None and run.ended.code == 0


def _init(
    container: Mapping[str, Any], seen: Seen, waiting: Mapping[str, Waiting], last: Mapping[str, Run]
) -> dict[str, Any]:
    found = _container(container, seen, waiting, last)
    if container["name"] in NETWORK_SET_UP and seen.sandbox:
        # The node itself did its work.
        found["state"] = {"terminated": {"exitCode": 0, "reason": "Completed"}}
    if not stays(container):
        found["ready"] = _passed(container, seen)
    return found


def _container(
    container: Mapping[str, Any], seen: Seen, waiting: Mapping[str, Waiting], last: Mapping[str, Run]
) -> dict[str, Any]:
    name = container["name"]
    run = seen.runs.get(name)
    running = run is not None and run.ended is None
    found: dict[str, Any] = {
        "name": name,
        "image": container.get("image", ""),
        "imageID": "",
        "ready": running and name in seen.ready,
        "started": running and name in seen.started,
        "restartCount": run.attempt if run else 0,
        "state": _state(name, run, seen, waiting),
        "lastState": {},
    }
    if run is not None:
        found["containerID"] = f"lateen://{run.pid}-{run.attempt}"
        previous = run if run.ended is not None and "waiting" in found["state"] else last.get(name)
        if previous is not None and previous.ended is not None:
            found["lastState"] = {"terminated": _terminated(previous)}
    return found


def _state(name: str, run: Run | None, seen: Seen, waiting: Mapping[str, Waiting]) -> dict[str, Any]:
    if run is not None and run.ended is None:
        return {"running": {"startedAt": _time(run.started)}}
    if name in waiting:
        why = waiting[name]
        return {"waiting": {"reason": why.reason, **({"message": why.message} if why.message else {})}}
    if run is not None:
        return {"terminated": _terminated(run)}
    return {"waiting": {"reason": "ContainerCreating" if seen.sandbox else "PodInitializing"}}


def _terminated(run: Run) -> dict[str, Any]:
    assert run.ended is not None
    return {
        "exitCode": run.ended.code,
        "reason": "Completed" if run.ended.code == 0 else "Error",
        "startedAt": _time(run.started),
        "finishedAt": _time(run.ended.at),
    }


def _condition(before: Mapping[str, Any], name: str, fact: bool, now: float, unready: list[str]) -> dict[str, Any]:
    state = "True" if fact else "False"
    old = next((c for c in before.get("conditions") or () if c["type"] == name), None)
    since = old.get("lastTransitionTime") if old is not None and old["status"] == state else None
    found = {"type": name, "status": state, "lastProbeTime": None, "lastTransitionTime": since or _time(now)}
    if not fact and name in ("Ready", "ContainersReady"):
        found["reason"] = "ContainersNotReady"
        found["message"] = f"containers with unready status: [{' '.join(unready)}]"
    return found


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
