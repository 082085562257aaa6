# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of a rolling update: how many replicas each ReplicaSet should have next. Pure."""

from __future__ import annotations

from typing import NamedTuple

from lateen.controllers.int_or_percent import resolve
from lateen.kube.client import Object


class Limits(NamedTuple):
    """How far a Deployment may stray from its number of replicas while it changes."""

    surge: int
    unavailable: int


def limits(deployment: Object) -> Limits:
    """From `spec.strategy`; never both 0, or nothing could move."""
    spec = deployment["spec"]
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return Limits(0, 0)
    rolling = strategy.get("rollingUpdate") or {}
    replicas = spec.get("replicas", 1)
    surge = resolve(rolling.get("maxSurge"), replicas, round_up=True)
    unavailable = resolve(rolling.get("maxUnavailable"), replicas, round_up=False)
    if not surge and not unavailable:
        unavailable = 1
    return Limits(surge, min(unavailable, replicas))


def replicas_of(replica_set: Object) -> int:
    """What is asked of a ReplicaSet."""
    return int(replica_set["spec"].get("replicas", 1))


def grow_new(deployment: Object, new: Object, everything: list[Object]) -> int:
    """The next size of the new ReplicaSet: as large as the surge allows."""
    wanted = deployment["spec"].get("replicas", 1)
    size = replicas_of(new)
    if size >= wanted:
        return int(wanted)
    room = wanted + limits(deployment).surge - sum(map(replicas_of, everything))
    return int(min(size + max(room, 0), wanted))


def shrink_old(deployment: Object, new: Object, old: list[Object]) -> dict[str, int]:
    """The next sizes of old ReplicaSets, by name, where they change: no faster than the new pods become available."""
    wanted = deployment["spec"].get("replicas", 1)
    everything = [*old, new]
    minimum = wanted - limits(deployment).unavailable
    new_unavailable = replicas_of(new) - new.get("status", {}).get("availableReplicas", 0)
    budget = sum(map(replicas_of, everything)) - minimum - max(new_unavailable, 0)
    if budget <= 0:
        return {}
    sizes = {body["metadata"]["name"]: replicas_of(body) for body in old}
    # Pods that do not work go first: they cost nothing.
    for body in sorted(old, key=lambda b: b["metadata"]["creationTimestamp"]):
        name = body["metadata"]["name"]
        broken = sizes[name] - body.get("status", {}).get("availableReplicas", 0)
        cut = min(max(broken, 0), budget)
        sizes[name] -= cut
        budget -= cut
    available = sum(body.get("status", {}).get("availableReplicas", 0) for body in everything)
    spare = available - minimum
    for body in sorted(old, key=lambda b: b["metadata"]["creationTimestamp"]):
        name = body["metadata"]["name"]
        cut = min(sizes[name], max(spare, 0), max(budget, 0))
        sizes[name] -= cut
        spare -= cut
        budget -= cut
    return {body["metadata"]["name"]: n for body in old if (n := sizes[body["metadata"]["name"]]) != replicas_of(body)}


def spread(deployment: Object, active: list[Object]) -> dict[str, int]:
    """Sizes that keep the proportions of several ReplicaSets when the Deployment is scaled in the middle of an update.

    Only those that change, by name.
    """
    wanted = deployment["spec"].get("replicas", 1)
    allowed = wanted + limits(deployment).surge if wanted else 0
    sizes = {body["metadata"]["name"]: replicas_of(body) for body in active}
    total = sum(sizes.values())
    left = allowed - total
    if not total or not left:
        return {}
    # The largest take part first, and of equals the newest when growing, the oldest when shrinking.
    order = sorted(active, key=lambda b: b["metadata"]["creationTimestamp"], reverse=left > 0)
    order.sort(key=replicas_of, reverse=True)
    for body in order:
        name = body["metadata"]["name"]
        share = round(replicas_of(body) * allowed / total) - replicas_of(body)
        share = max(min(share, left), 0) if left > 0 else min(max(share, left), 0)
        sizes[name] += share
        left -= share
    if left:
        first = order[0]["metadata"]["name"]
        sizes[first] = max(sizes[first] + left, 0)
    return {
        body["metadata"]["name"]: n for body in active if (n := sizes[body["metadata"]["name"]]) != replicas_of(body)
    }
