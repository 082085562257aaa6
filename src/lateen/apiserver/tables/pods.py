# SPDX-License-Identifier: Apache-2.0
"""The table of pods: readiness, the reason shown as STATUS, restarts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lateen.apiserver.registry.kind import Column, Document, Table
from lateen.apiserver.tables.columns import AGE, NAME, NONE, age, age_of, name_of

COLUMNS = (
    NAME,
    Column("Ready"),
    Column("Status"),
    Column("Restarts"),
    AGE,
    Column("IP", priority=1),
    Column("Node", priority=1),
    Column("Nominated Node", priority=1),
    Column("Readiness Gates", priority=1),
)


def cells(pod: Document, now: datetime) -> list[Any]:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    shown = _Shown(spec, status)
    reason = shown.reason
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif status.get("phase") not in ("Succeeded", "Failed"):
            reason = "Terminating"
    restarts = str(shown.restarts)
    if shown.restarts and shown.last_restart:
        restarts += f" ({age(shown.last_restart, now)} ago)"
    addresses = status.get("podIPs") or [{}]
    return [
        name_of(pod),
        f"{shown.ready}/{shown.total}",
        reason,
        restarts,
        age_of(pod, now),
        addresses[0].get("ip") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _gates(spec, status),
    ]


TABLE = Table(COLUMNS, cells)


def finished(pod: Document) -> list[dict[str, str]] | None:
    """The conditions of the row of a pod that is over, by which kubectl hides or shows it."""
    phase = (pod.get("status") or {}).get("phase")
    if phase == "Succeeded":
        message = "The pod has completed successfully."
    elif phase == "Failed":
        message = "The pod failed."
    else:
        return None
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]


class _Shown:
    """What the table says of a pod's containers."""

    def __init__(self, spec: dict[str, Any], status: dict[str, Any]) -> None:
        self.restarts = 0
        self.last_restart = ""
        self.ready = 0
        self.reason = status.get("reason") or status.get("phase", "")
        conditions = {c.get("type"): c for c in status.get("conditions") or ()}
        if conditions.get("PodScheduled", {}).get("reason") == "SchedulingGated":
            self.reason = "SchedulingGated"
        self._sidecars = {c["name"] for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
        self.total = len(spec.get("containers") or ()) + len(self._sidecars)
        initializing = self._init(spec, status)
        if not initializing or conditions.get("Initialized", {}).get("status") == "True":
            self._containers(status, conditions.get("Ready", {}).get("status") == "True")

    def _init(self, spec: dict[str, Any], status: dict[str, Any]) -> bool:
        """Count init containers; true while one of them has yet to finish."""
        for index, container in enumerate(status.get("initContainerStatuses") or ()):
            self._restarted(container)
            state = container.get("state") or {}
            terminated, waiting = state.get("terminated"), state.get("waiting") or {}
            if terminated and not terminated.get("exitCode"):
                continue
            if container.get("name") in self._sidecars and container.get("started"):
                self.ready += bool(container.get("ready"))
                continue
            if terminated:
                self.reason = "Init:" + _ended(terminated)
            elif waiting.get("reason", "PodInitializing") != "PodInitializing":
                self.reason = "Init:" + waiting["reason"]
            else:
                self.reason = f"Init:{index}/{len(spec.get('initContainers') or ())}"
            return True
        return False

    def _containers(self, status: dict[str, Any], ready_condition: bool) -> None:
        self.restarts, self.last_restart = 0, ""
        for container in status.get("initContainerStatuses") or ():
            if container.get("name") in self._sidecars:
                self._restarted(container)
        running, failure = False, ""
        for container in reversed(status.get("containerStatuses") or ()):
            self._restarted(container)
            state = container.get("state") or {}
            waiting, terminated = state.get("waiting") or {}, state.get("terminated")
            if waiting.get("reason"):
                self.reason = waiting["reason"]
            elif terminated:
                self.reason = _ended(terminated)
                if terminated.get("exitCode"):
                    failure = self.reason
            elif container.get("ready") and state.get("running") is not None:
                running = True
                self.ready += 1
        if self.reason == "Completed":
            if running and ready_condition:
                self.reason = "Running"
            elif failure:
                self.reason = failure
            elif running:
                self.reason = "NotReady"

    def _restarted(self, container: dict[str, Any]) -> None:
        self.restarts += container.get("restartCount", 0)
        last = ((container.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or ""
        self.last_restart = max(self.last_restart, last)


def _ended(terminated: dict[str, Any]) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _gates(spec: dict[str, Any], status: dict[str, Any]) -> str:
    gates = spec.get("readinessGates")
    if not gates:
        return NONE
    true = {c.get("type") for c in status.get("conditions") or () if c.get("status") == "True"}
    return f"{sum(gate.get('conditionType') in true for gate in gates)}/{len(gates)}"
