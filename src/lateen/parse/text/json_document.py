# SPDX-License-Identifier: Apache-2.0
"""JSON to plain data: one value or several in a row."""

import json
import re
from collections import Counter
from typing import Any, Final, NamedTuple, NoReturn

from lateen.parse.text.problem import Problem

_SPACE: Final = re.compile(r"[ \t\r\n]*")


class Value(NamedTuple):
    """One value of a stream of JSON."""

    data: Any
    text: str
    line: int
    """Line of the file on which it begins, 1-based."""
    problems: list[Problem]


def looks_like_json(text: str) -> bool:
    """Whether a file is read as JSON: kubectl decides by the first brace, too."""
    return text.lstrip()[:1] == "{"


def read(text: str) -> list[Value] | None:
    """The values of a stream, or None when it is no JSON; it may still be YAML, which writes maps in braces, too."""
    twice: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(items)
        if len(mapping) != len(items):
            twice.extend(key for key, count in Counter(key for key, _ in items).items() if count > 1)
            mapping = dict(reversed(items))  # the first one counts, as in YAML
        return mapping

    def constant(name: str) -> NoReturn:
        raise ValueError(name)

    decoder = json.JSONDecoder(object_pairs_hook=pairs, parse_constant=constant)
    values: list[Value] = []
    line = 1
    counted = 0
    position = _end_of_space(text, 0)
    try:
        while position < len(text):
            data, end = decoder.raw_decode(text, position)
            problems = [
                Problem("duplicate-key", f'the key "{key}" is there twice', "keep one of them", line=1, column=1)
                for key in twice
            ]
            twice.clear()
            line += text.count("\n", counted, position)
            counted = position
            values.append(Value(data, text[position:end], line, problems))
            position = _end_of_space(text, end)
    except (ValueError, RecursionError):
        return None
    return values


def _end_of_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position
