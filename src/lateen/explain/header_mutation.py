# SPDX-License-Identifier: Apache-2.0
"""Changes of headers, in the order in which Envoy makes them: cluster weight, route, virtual host, route table.

With `most_specific_header_mutations_wins` the last three go the other way round, so that the route is last; the weight
still comes first.
"""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.decision import HeaderMutation
from lateen.explain.http_view import HttpView
from lateen.explain.substitution import substituted

Levels = list[tuple[str, Message]]

_OPERATIONS = ("append", "add if absent", "overwrite or add", "overwrite if present")


def request_mutations(levels: Levels, view: HttpView, route_name: str) -> tuple[HeaderMutation, ...]:
    """`levels`: (what it is, its message), in order."""
    out: list[HeaderMutation] = []
    for name, level in levels:
        out += _mutations(name, level.request_headers_to_add, level.request_headers_to_remove, view, route_name)
    return tuple(out)


def response_mutations(levels: Levels, view: HttpView, route_name: str) -> tuple[HeaderMutation, ...]:
    """As `request_mutations`, for the response."""
    out: list[HeaderMutation] = []
    for name, level in levels:
        out += _mutations(name, level.response_headers_to_add, level.response_headers_to_remove, view, route_name)
    return tuple(out)


def _mutations(level: str, added: Message, removed: Message, view: HttpView, route_name: str) -> list[HeaderMutation]:
    """Removals come before additions. A value that turns out empty is not added, unless that is asked for."""
    out = [HeaderMutation(level, "remove", name) for name in removed]
    for option in added:
        action = option.append_action
        if option.HasField("append"):
            action = 0 if option.append.value else 2
        value = option.header.value or option.header.raw_value.decode("utf-8", "replace")
        # What depends on more than the request stays as it is written.
        resolved = substituted(value, view, route_name)
        if resolved == "" and not option.keep_empty_value:
            continue
        operation = _OPERATIONS[action] if action < len(_OPERATIONS) else _OPERATIONS[0]
        out.append(HeaderMutation(level, operation, option.header.key, value if resolved is None else resolved))
    return out
