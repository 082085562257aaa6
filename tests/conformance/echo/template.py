# SPDX-License-Identifier: Apache-2.0
"""As much of Go's text templates as the rows use: values, pipes of `default`, `quote` and `replace`, `if`, `range`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_ACTION = re.compile(r"\{\{(?P<trim>-?)\s*(?P<code>.*?)\s*(?P<trim_after>-?)\}\}", re.S)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\([^)]*\)[.\w]*|\S+')


class UnknownError(Exception):
    """A row refers to something that is not re-created; the text says what."""


def render(text: str, values: Mapping[str, Any]) -> str:
    """`text` with its actions carried out."""
    found, _ = _block(list(_tokens(text)), 0, dict(values))
    return found


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """(kind, text) with kind `text` or `action`; the trim marks have had their effect."""
    at, trim = 0, False
    for action in _ACTION.finditer(text):
        before = text[at : action.start()]
        before = before.lstrip() if trim else before
        yield "text", before.rstrip() if action["trim"] else before
        yield "action", action["code"]
        at, trim = action.end(), bool(action["trim_after"])
    yield "text", text[at:].lstrip() if trim else text[at:]


def _block(tokens: list[tuple[str, str]], at: int, values: dict[str, Any]) -> tuple[str, int]:
    """What stands up to the next `else` or `end`, and where that is."""
    out = []
    while at < len(tokens):
        kind, text = tokens[at]
        if kind == "text":
            out.append(text)
        elif text in ("end", "else"):
            return "".join(out), at
        elif text.startswith("if "):
            part, at = _condition(tokens, at, values)
            out.append(part)
        elif text.startswith("range "):
            part, at = _loop(tokens, at, values)
            out.append(part)
        else:
            out.append(str(evaluate(text, values)))
        at += 1
    return "".join(out), at


def _condition(tokens: list[tuple[str, str]], at: int, values: dict[str, Any]) -> tuple[str, int]:
    holds = bool(evaluate(tokens[at][1].removeprefix("if "), values))
    then, at = _block(tokens, at + 1, values)
    otherwise = ""
    if tokens[at][1] == "else":
        otherwise, at = _block(tokens, at + 1, values)
    return then if holds else otherwise, at


def _loop(tokens: list[tuple[str, str]], at: int, values: dict[str, Any]) -> tuple[str, int]:
    name, _, source = tokens[at][1].removeprefix("range ").partition(":=")
    start, out = at + 1, []
    end = _block(tokens, start, values)[1]
    for item in evaluate(source.strip(), values) or ():
        out.append(_block(tokens, start, {**values, name.strip().split(",")[-1].strip(): item})[0])
    return "".join(out), end


def evaluate(code: str, values: Mapping[str, Any]) -> Any:
    """The value of a pipeline; a name that was never given is empty, as in Go."""
    first, *pipes = (part.strip() for part in code.split("|"))
    value = _term(first, values)
    for pipe in pipes:
        function, *arguments = _WORD.findall(pipe)
        given = [_term(argument, values) for argument in arguments]
        match function:
            case "default":
                value = value or given[0]
            case "quote":
                value = json.dumps(str(value))
            case "replace":
                value = str(value).replace(given[0], given[1])
            case _:
                raise UnknownError(f"template function {function}")
    return value


def _term(text: str, values: Mapping[str, Any]) -> Any:
    if text.startswith('"'):
        return json.loads(text)
    if text.startswith(("$", ".", "(index")):
        return values.get(text.removeprefix("."), "")
    raise UnknownError(f"template expression {text}")
