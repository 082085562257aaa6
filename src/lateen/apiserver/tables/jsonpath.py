# SPDX-License-Identifier: Apache-2.0
"""JSONPath as printer columns use it: fields, quoted fields, indices, `[*]`, and filters on equality."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

_STEP = re.compile(
    r"""\.(?P<field>[\w\-/$\\.]*?(?<!\\))(?=\.|\[|$)        # .name, with \. for a dot
      | \[['"](?P<quoted>[^'"]*)['"]\]
      | \[(?P<index>-?\d+)\]
      | \[(?P<all>\*)\]
      | \[\?\(@\.(?P<left>[\w.\-]+)\s*(?P<sign>==|!=)\s*['"]?(?P<right>[^'")]*)['"]?\s*\)\]""",
    re.X,
)

Step = Callable[[Any], list[Any]]


class JsonPathError(ValueError):
    """The path is none this server understands."""


@functools.lru_cache(maxsize=1024)
def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path such as `.status.conditions[?(@.type=="Ready")].status`. Raises JsonPathError."""
    text = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    steps: list[Step] = []
    position = len(text) if text == "." else 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or (match["field"] == "" and match["quoted"] is None):
            raise JsonPathError(f"unrecognised JSONPath {path!r} at {text[position:]!r}")
        position = match.end()
        steps.append(_step(match))
    return tuple(steps)


def find(path: str, document: Any) -> list[Any]:
    """Every value at the path; empty when there is none."""
    values = [document]
    for step in parse(path):
        values = [found for value in values for found in step(value)]
    return values


def _step(match: re.Match[str]) -> Step:
    if match["all"]:
        return lambda value: (
            list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
        )
    if match["index"] is not None:
        index = int(match["index"])
        return lambda value: value[index:][:1] if isinstance(value, list) and -len(value) <= index else []
    if match["left"]:
        left, same, right = "." + match["left"], match["sign"] == "==", match["right"]
        return lambda value: [
            item for item in (value if isinstance(value, list) else ()) if (_text(find(left, item)) == right) == same
        ]
    name = match["quoted"] if match["quoted"] is not None else (match["field"] or "").replace("\\.", ".")
    return lambda value: [value[name]] if isinstance(value, dict) and name in value else []


def _text(values: list[Any]) -> str:
    if not values:
        return ""
    value = values[0]
    return str(value).lower() if isinstance(value, bool) else str(value)
