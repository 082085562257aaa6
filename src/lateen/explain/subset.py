# SPDX-License-Identifier: Apache-2.0
"""Cluster.lb_subset_config: which endpoints a route's metadata match selects, and what happens if none fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any as Message

from msgspec import Struct

from lateen.explain.route_action import lb_values, value_text

_NO_FALLBACK, _ANY_ENDPOINT, _DEFAULT_SUBSET = range(3)
_NOT_DEFINED, _SELECTOR_NO_FALLBACK, _SELECTOR_ANY, _SELECTOR_DEFAULT, _KEYS_SUBSET = range(5)


class Selected(Struct, frozen=True):
    """The values that endpoints must have (None = no endpoint will do), and why it is not what was asked for."""

    wanted: Mapping[str, str] | None
    fallback: str = ""


def select(cluster: Message, wanted: Mapping[str, str], endpoints: list[Message]) -> Selected:
    """What to ask of endpoints (LbEndpoint) for a route that wants `wanted`."""
    config = cluster.lb_subset_config
    selectors = list(config.subset_selectors)
    if not selectors:
        return Selected({})
    selector = next((s for s in selectors if set(s.keys) == set(wanted)), None) if wanted else None
    if selector is not None and any(has(e, wanted) for e in endpoints):
        return Selected(wanted)
    asked = ", ".join(f"{k}={v}" for k, v in sorted(wanted.items())) or "no subset"
    why = (
        f"no endpoint has {asked}"
        if selector is not None or not wanted
        else f"no subset selector has the keys of {asked}"
    )
    policy = selector.fallback_policy if selector is not None else _NOT_DEFINED
    if policy == _KEYS_SUBSET and selector is not None:
        fewer = {k: v for k, v in wanted.items() if k in set(selector.fallback_keys_subset)}
        deeper = select(cluster, fewer, endpoints)
        return Selected(deeper.wanted, f"{why}; by fewer keys: {deeper.fallback or fewer}")
    if policy == _NOT_DEFINED:
        policy = config.fallback_policy + 1
    if policy == _SELECTOR_ANY:
        return Selected({}, f"{why}; any endpoint")
    if policy == _SELECTOR_DEFAULT:
        default = {k: value_text(v) for k, v in config.default_subset.fields.items()}
        return Selected(default, f"{why}; the default subset")
    return Selected(None, f"{why}; no fallback")


def has(endpoint: Message, wanted: Mapping[str, str]) -> bool:
    """Whether an LbEndpoint's metadata holds all of `wanted`."""
    values = lb_values(endpoint.metadata)
    return all(values.get(k) == v for k, v in wanted.items())
