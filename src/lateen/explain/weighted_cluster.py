# SPDX-License-Identifier: Apache-2.0
"""The choice among weighted clusters by the request's random number (or by a header's)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from typing import Any as Message

from lateen.explain.decision import Share


def choose(weights: Sequence[int], random: int | None) -> int | None:
    """The place of the entry that `random` falls on; None if it is None or all weights are 0.

    Entries own consecutive intervals of [0, total), in their order.
    """
    total = sum(weights)
    if random is None or not total:
        return None
    value = random % total
    for i, weight in enumerate(weights):
        if value < weight:
            return i
        value -= weight
    return None


def shares(names: Sequence[str], weights: Sequence[int]) -> tuple[Share, ...]:
    """Each cluster's part of the requests."""
    total = sum(weights)
    return tuple(Share(n, w / total if total else 0.0) for n, w in zip(names, weights, strict=True))


def weights_of(weighted: Message, runtime: Mapping[str, Any]) -> list[int]:
    """The weights of a route's weighted clusters, with the runtime's overrides."""
    prefix = weighted.runtime_key_prefix
    out = []
    for entry in weighted.clusters:
        override = runtime.get(f"{prefix}.{entry.name}") if prefix else None
        out.append(override if isinstance(override, int) and override >= 0 else entry.weight.value)
    return out
