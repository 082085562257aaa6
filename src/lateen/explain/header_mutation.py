# SPDX-License-Identifier: Apache-2.0
"""Changes of headers, in the order in which Envoy makes them: cluster weight, route, virtual host, route table.

With `most_specific_header_mutations_wins` the last three go the other way round, so that the route is last; the weight
still comes first.
"""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.decision import HeaderMutation

_OPERATIONS = ("append", "add if absent", "overwrite or add", "overwrite if present")


def request_mutations(levels: list[tuple[str, Message]]) -> tuple[HeaderMutation, ...]:
    """`levels`: (what it is, its message), in order."""
    return tuple(
        mutation
        for name, level in levels
        for mutation in _mutations(name, level.request_headers_to_add, level.request_headers_to_remove)
    )


def response_mutations(levels: list[tuple[str, Message]]) -> tuple[HeaderMutation, ...]:
    """As `request_mutations`, for the response."""
    return tuple(
        mutation
        for name, level in levels
        for mutation in _mutations(name, level.response_headers_to_add, level.response_headers_to_remove)
    )


def _mutations(level: str, added: Message, removed: Message) -> list[HeaderMutation]:
    """Removals come before additions."""
    out = [HeaderMutation(level, "remove", name) for name in removed]
    for option in added:
        action = option.append_action
        if option.HasField("append"):
            action = 0 if option.append.value else 2
        value = option.header.value or option.header.raw_value.decode("utf-8", "replace")
        operation = _OPERATIONS[action] if action < len(_OPERATIONS) else _OPERATIONS[0]
        out.append(HeaderMutation(level, operation, option.header.key, value))
    return out
