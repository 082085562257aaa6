# SPDX-License-Identifier: Apache-2.0
"""Changes of headers, in the order in which Envoy makes them: cluster weight, route, virtual host, route table.

With `most_specific_header_mutations_wins` the last three go the other way round, so that the route is last; the weight
still comes first. Each of them removes first, then overwrites, then adds; the values that it adds see the request after
its removals, and nothing yet of what it overwrites or adds.
"""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.decision import HeaderMutation
from lateen.explain.http_view import HttpView
from lateen.explain.substitution import substituted

Levels = list[tuple[str, Message]]

_APPEND, _ADD_IF_ABSENT, _OVERWRITE_OR_ADD, _OVERWRITE_IF_PRESENT = (
    "append",
    "add if absent",
    "overwrite or add",
    "overwrite if present",
)
_OPERATIONS = (_APPEND, _ADD_IF_ABSENT, _OVERWRITE_OR_ADD, _OVERWRITE_IF_PRESENT)
_REMOVE = "remove"
_ADDS = (_APPEND, _ADD_IF_ABSENT)


def request_mutations(levels: Levels, view: HttpView, route_name: str) -> tuple[tuple[HeaderMutation, ...], HttpView]:
    """The changes, and the request after them. `levels`: (what it is, its message), in order."""
    out: list[HeaderMutation] = []
    for name, level in levels:
        removed = [HeaderMutation(name, _REMOVE, header) for header in level.request_headers_to_remove]
        view = _after(view, removed)
        added = _added(name, level.request_headers_to_add, view, route_name)
        view = _after(view, added)
        out += removed + added
    return tuple(out), view


def response_mutations(levels: Levels, view: HttpView, route_name: str) -> tuple[HeaderMutation, ...]:
    """The changes of the response. `view`: the request as it was sent upstream, where it was."""
    out: list[HeaderMutation] = []
    for name, level in levels:
        out += [HeaderMutation(name, _REMOVE, header) for header in level.response_headers_to_remove]
        out += _added(name, level.response_headers_to_add, view, route_name)
    return tuple(out)


def _added(level: str, options: Message, view: HttpView, route_name: str) -> list[HeaderMutation]:
    """What one level overwrites and adds. A value that turns out empty is left out, unless that is asked for."""
    out = []
    for option in options:
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
    return sorted(out, key=lambda mutation: mutation.operation in _ADDS)


def _after(view: HttpView, mutations: list[HeaderMutation]) -> HttpView:
    """The request after these changes."""
    if not mutations:
        return view
    before = {m.name.lower() for m in mutations if view.values(m.name)}
    headers: dict[str, list[str]] = {}
    for mutation in mutations:
        name = mutation.name.lower()
        values = headers.setdefault(name, list(view.values(name)))
        match mutation.operation:
            case "remove":
                values.clear()
            case "append":
                values.append(mutation.value)
            case "add if absent" if name not in before:
                values.append(mutation.value)
            case "overwrite or add":
                values[:] = [mutation.value]
            case "overwrite if present" if name in before:
                values[:] = [mutation.value]
    return view.having(headers)
