# SPDX-License-Identifier: Apache-2.0
"""How Envoy spreads requests over priorities by their health, and when it panics."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from lateen.explain.decision import Priority

DEFAULT_OVERPROVISIONING = 140
DEFAULT_PANIC_THRESHOLD = 50.0
HEALTHY, DEGRADED, DRAINING = "HEALTHY", "DEGRADED", "DRAINING"


class Tally(Struct, frozen=True):
    """The endpoints of one priority: how many are healthy, how many degraded; draining ones count nowhere."""

    total: int
    healthy: int
    degraded: int


def priorities(tallies: Sequence[Tally], overprovisioning: int, panic_threshold: float) -> tuple[Priority, ...]:
    """The load (percent) of each priority, healthy and degraded endpoints together.

    A priority counts as whole while its healthy part times the overprovisioning factor (percent) covers it; what one
    priority cannot take goes to the next. `panic_threshold` (percent): a priority with fewer healthy endpoints is in
    panic, unless all priorities together can take everything; if all of them are, the load goes by their sizes.
    """
    healthy = [_availability(t.healthy, t.total, overprovisioning) for t in tallies]
    degraded = [_availability(t.degraded, t.total, overprovisioning) for t in tallies]
    available = min(100, sum(healthy) + sum(degraded))
    if available < 100 and all(_panics(t, panic_threshold) for t in tallies):
        return _by_size(tallies)
    if not available:
        return tuple(Priority(i, 0) for i in range(len(tallies)))
    loads = [0] * len(tallies)
    left = 100
    for part in (healthy, degraded):
        for i, share in enumerate(part):
            load = min(left, share * 100 // available)
            loads[i] += load
            left -= load
    if left:
        first = next(i for i, load in enumerate(loads) if load)
        loads[first] += left
    return tuple(
        Priority(i, loads[i], panic=available < 100 and _panics(t, panic_threshold)) for i, t in enumerate(tallies)
    )


def _by_size(tallies: Sequence[Tally]) -> tuple[Priority, ...]:
    total = sum(t.total for t in tallies)
    loads = [100 * t.total // total if total else 0 for t in tallies]
    if total:
        loads[next(i for i, t in enumerate(tallies) if t.total)] += 100 - sum(loads)
    return tuple(Priority(i, load, panic=True) for i, load in enumerate(loads))


def _availability(part: int, total: int, overprovisioning: int) -> int:
    return min(100, overprovisioning * part // total) if total else 0


def _panics(tally: Tally, threshold: float) -> bool:
    return not tally.total or 100.0 * (tally.healthy + tally.degraded) / tally.total < threshold
