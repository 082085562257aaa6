# SPDX-License-Identifier: Apache-2.0
"""The HTTP filters that a request passes, and which of them its route switches off."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.any_message import type_name, type_of, unpack
from lateen.explain.decision import Filter

_FILTER_CONFIG = "envoy.config.route.v3.FilterConfig"


def http_filters(manager: Message, levels: list[Message]) -> tuple[Filter, ...]:
    """The filters in order. `levels`: route, virtual host and route table, as far as they were found."""
    return tuple(Filter(f.name, _kind(f), _disabled(f, levels)) for f in manager.http_filters)


def _kind(f: Message) -> str:
    if f.WhichOneof("config_type") == "typed_config":
        return type_of(f.typed_config)
    return ", ".join(type_name(u) for u in f.config_discovery.type_urls)


def _disabled(f: Message, levels: list[Message]) -> bool:
    """The most specific level that mentions the filter decides."""
    for level in levels:
        if f.name in level.typed_per_filter_config:
            name, config = unpack(level.typed_per_filter_config[f.name])
            return bool(name == _FILTER_CONFIG and config is not None and config.disabled)
    return bool(f.disabled)
