# SPDX-License-Identifier: Apache-2.0
"""What to do next for a pod: from what is wanted and what is seen to steps. Pure."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from lateen.node.container import Run
from lateen.node.sidecar import NETWORK_SET_UP, is_proxy

FIRST_DELAY = 1.0
"""Seconds between the second failure of a container and its next start; doubled each time up to LAST_DELAY. The first
restart is immediate."""
LAST_DELAY = 300.0
SETTLED = 10.0
"""A container that ran for so many seconds begins anew when it fails."""
DRAIN = 5.0
"""Seconds that a sidecar gets for requests in flight after its applications have ended (Istio's
terminationDrainDuration)."""


class Sandbox(msgspec.Struct, frozen=True):
    """Make the pod's network namespace and init."""


class Start(msgspec.Struct, frozen=True):
    """Start a container for the `attempt`th time, counted from 0."""

    name: str
    attempt: int


class Signal(msgspec.Struct, frozen=True):
    """Send a signal to a container's first process."""

    name: str
    number: int


class PreStop(msgspec.Struct, frozen=True):
    """Run a container's preStop hook."""

    name: str


class Drain(msgspec.Struct, frozen=True):
    """Have the proxy take no new connections."""

    name: str


class Remove(msgspec.Struct, frozen=True):
    """Nothing runs any more: take the pod away, and its object out of the API."""


class Wake(msgspec.Struct, frozen=True):
    """Look again after so many seconds."""

    seconds: float


Step: TypeAlias = Sandbox | Start | Signal | PreStop | Drain | Remove | Wake


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of a pod."""

    sandbox: bool = False
    runs: Mapping[str, Run] = {}
    failures: Mapping[str, int] = {}
    """Failures of each container in a row."""
    ready: frozenset[str] = frozenset()
    started: frozenset[str] = frozenset()
    """Containers whose startup probe has passed (or that have none)."""
    unhealthy: frozenset[str] = frozenset()
    """Containers whose liveness or startup probe has failed."""
    done: frozenset[Step] = frozenset()
    """Steps of the pod's end that were taken."""
    ending_since: float = 0.0
    now: float = 0.0


def plan(pod: Mapping[str, Any], seen: Seen) -> list[Step]:
    """The steps to take now."""
    if pod["metadata"].get("deletionTimestamp"):
        return list(_ending(pod, seen))
    if phase_is_final(pod):
        return []
    if not seen.sandbox:
        return [Sandbox()]
    return list(_running(pod, seen))


def phase_is_final(pod: Mapping[str, Any]) -> bool:
    """The pod has run to its end."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def backoff(failures: int) -> float:
    """Seconds from the end of a container to its next start."""
    return 0.0 if failures <= 1 else min(FIRST_DELAY * 2.0 ** (failures - 2), LAST_DELAY)


def stays(container: Mapping[str, Any]) -> bool:
    """An init container that runs on beside the others (a sidecar in Kubernetes' sense)."""
    return container.get("restartPolicy") == "Always"


def _running(pod: Mapping[str, Any], seen: Seen) -> Iterator[Step]:
    policy = pod["spec"].get("restartPolicy", "Always")
    for container in pod["spec"].get("initContainers") or ():
        name = container["name"]
        if name in NETWORK_SET_UP:
            continue
        run = seen.runs.get(name)
        if stays(container):
            yield from _kept("Always", name, seen)
            # Applications get no traffic, and can send none, before their sidecar is there.
            if name not in (seen.ready if is_proxy(container) else seen.started):
                return
        elif run is None or run.ended is None or run.ended.code:
            yield from _kept("Never" if policy == "Never" else "OnFailure", name, seen)
            return
    containers = sorted(pod["spec"]["containers"], key=lambda c: not is_proxy(c))
    for container in containers:
        yield from _kept(policy, container["name"], seen)
        if is_proxy(container) and container["name"] not in seen.ready:
            return


def _kept(policy: str, name: str, seen: Seen) -> Iterator[Step]:
    run = seen.runs.get(name)
    if run is None:
        yield Start(name, 0)
        return
    if run.ended is None:
        if name in seen.unhealthy:
            yield Signal(name, signal.SIGKILL)
        return
    if policy == "Never" or (policy == "OnFailure" and run.ended.code == 0):
        return
    due = run.ended.at + backoff(seen.failures.get(name, 0))
    yield Start(name, run.attempt + 1) if seen.now >= due else Wake(due - seen.now)


def _ending(pod: Mapping[str, Any], seen: Seen) -> Iterator[Step]:
    """Applications are told to end, then the sidecar that served them; what is left after the grace is killed."""
    alive = {name: run for name, run in seen.runs.items() if run.ended is None}
    if not seen.sandbox or not alive:
        yield Remove()
        return
    grace = pod["metadata"].get("deletionGracePeriodSeconds", 30)
    kill_at = seen.ending_since + grace
    if seen.now >= kill_at:
        for name in alive:
            yield Signal(name, signal.SIGKILL)
        return
    spec = pod["spec"]
    containers = {c["name"]: c for c in (*(spec.get("initContainers") or ()), *spec["containers"])}
    proxies = {name for name in alive if is_proxy(containers[name])}
    for name in sorted(alive.keys() - proxies):
        hook = (containers[name].get("lifecycle") or {}).get("preStop")
        yield PreStop(name) if hook else Signal(name, signal.SIGTERM)
    for name in sorted(proxies):
        yield Drain(name)
        if alive.keys() == proxies:
            drained = seen.ending_since + min(DRAIN, grace)
            alone = proxies == {c for c in containers if c not in NETWORK_SET_UP}
            yield Signal(name, signal.SIGTERM) if seen.now >= drained or not alone else Wake(drained - seen.now)
    yield Wake(kill_at - seen.now)
