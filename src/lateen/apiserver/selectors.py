# SPDX-License-Identifier: Apache-2.0
"""Label selectors and field selectors, as text (`a=b,c in (d,e),!f`) and as objects (`matchLabels`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Labels = Mapping[str, Any]
Test = Callable[[Labels], bool]


class SelectorError(ValueError):
    """The text is no selector."""


_TOKEN = re.compile(r"\s*(?:(?P<word>[A-Za-z0-9_./\-]+)|(?P<sign>!=|==|=|!|\(|\)|,|>|<))")


class _Tokens:
    def __init__(self, text: str) -> None:
        self.text = text
        self._found: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise SelectorError(
                    f"unable to parse requirement: found '{text[position:].strip()}', expected: identifier"
                )
            self._found.append(match["word"] or match["sign"])
            position = match.end()
        self._at = 0

    def peek(self) -> str:
        return self._found[self._at] if self._at < len(self._found) else ""

    def take(self) -> str:
        token = self.peek()
        self._at += 1
        return token


def parse_labels(text: str) -> Test | None:
    """A label selector as a test on labels; None when it selects everything. Raises SelectorError."""
    tokens = _Tokens(text)
    tests: list[Test] = []
    while tokens.peek():
        tests.append(_requirement(tokens))
        if tokens.peek() == ",":
            tokens.take()
            if not tokens.peek():
                raise SelectorError("found '', expected: identifier after ','")
        elif tokens.peek():
            raise SelectorError(f"found '{tokens.peek()}', expected: ',' or 'end of string'")
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda labels: all(test(labels) for test in tests)


def _requirement(tokens: _Tokens) -> Test:
    if tokens.peek() == "!":
        tokens.take()
        absent = _word(tokens)
        return lambda labels: absent not in labels
    key = _word(tokens)
    operator = tokens.peek()
    if operator in ("", ","):
        return lambda labels: key in labels
    tokens.take()
    if operator in ("=", "=="):
        value = _value(tokens)
        return lambda labels: labels.get(key) == value
    if operator == "!=":
        value = _value(tokens)
        return lambda labels: labels.get(key) != value
    if operator in ("in", "notin"):
        values = _values(tokens)
        if operator == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if operator in ("<", ">"):
        return _comparison(key, operator, _value(tokens))
    raise SelectorError(f"unable to parse requirement: found '{operator}', expected: in, notin, =, ==, !=, gt, lt")


def _word(tokens: _Tokens) -> str:
    word = tokens.take()
    if not word or not (word[0].isalnum() or word[0] in "_./-"):
        raise SelectorError(f"unable to parse requirement: found '{word}', expected: identifier")
    return word


def _value(tokens: _Tokens) -> str:
    return "" if tokens.peek() in ("", ",") else _word(tokens)


def _values(tokens: _Tokens) -> frozenset[str]:
    if tokens.take() != "(":
        raise SelectorError("unable to parse requirement: found '', expected: '('")
    found: set[str] = set()
    while True:
        found.add("" if tokens.peek() in (",", ")") else _word(tokens))
        token = tokens.take()
        if token == ")":
            return frozenset(found)
        if token != ",":
            raise SelectorError(f"unable to parse requirement: found '{token}', expected: ',' or ')'")


def _comparison(key: str, operator: str, text: str) -> Test:
    try:
        bound = int(text)
    except ValueError:
        detail = f"Invalid value: \"{text}\": for 'Gt', 'Lt' operators, the value must be an integer"
        raise SelectorError(f"unable to parse requirement: values[0][{key}]: {detail}") from None

    def test(labels: Labels) -> bool:
        try:
            value = int(labels[key])
        except (KeyError, ValueError):
            return False
        return value > bound if operator == ">" else value < bound

    return test


def matches_object(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Does a `metav1.LabelSelector` select these labels? An empty one selects everything."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for expression in selector.get("matchExpressions") or ():
        key, values = expression.get("key"), expression.get("values") or ()
        match expression.get("operator"):
            case "In":
                met = labels.get(key) in values and key in labels
            case "NotIn":
                met = key not in labels or labels[key] not in values
            case "Exists":
                met = key in labels
            case _:
                met = key not in labels
        if not met:
            return False
    return True


FieldTerm = tuple[str, bool, str]
"""A dotted path, whether it must be equal, and the value."""


def parse_fields(text: str) -> list[FieldTerm]:
    """The terms of a field selector such as `metadata.name=a,status.phase!=Running`. Raises SelectorError."""
    terms: list[FieldTerm] = []
    for part in filter(None, (piece.strip() for piece in _split(text))):
        for sign, equal in (("!=", False), ("==", True), ("=", True)):
            path, found, value = part.partition(sign)
            if found:
                terms.append((path, equal, re.sub(r"\\([,=\\])", r"\1", value)))
                break
        else:
            raise SelectorError(f"invalid selector: '{part}'; can't understand '{part}'")
    return terms


def _split(text: str) -> list[str]:
    return re.split(r"(?<!\\),", text)


def field_value(document: Any, path: str) -> str:
    """The text at a dotted path; empty when there is nothing, as in Kubernetes."""
    for step in path.split("."):
        if not isinstance(document, dict):
            return ""
        document = document.get(step)
    if document is None:
        return ""
    if isinstance(document, bool):
        return "true" if document else "false"
    return str(document)


def matches_fields(terms: list[FieldTerm], document: Any) -> bool:
    return all((field_value(document, path) == value) == equal for path, equal, value in terms)
