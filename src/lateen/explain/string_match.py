# SPDX-License-Identifier: Apache-2.0
"""envoy.type.matcher.v3.StringMatcher and RegexMatcher: exact, prefix, suffix, contains, RE2; with or without case."""

from __future__ import annotations

from functools import cache
from typing import Any as Message

import re2
from msgspec import Struct

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


def as_bytes(text: str) -> bytes:
    """`text` as it is on the wire; bytes that are not UTF-8 come in as surrogates and go out as themselves."""
    return text.encode("utf-8", "surrogateescape")


@cache
def compiled(pattern: str) -> Message | None:
    """The RE2 program of `pattern`, or None if RE2 refuses it (Envoy then refuses the resource that holds it)."""
    try:
        return re2.compile(as_bytes(pattern), _OPTIONS)
    except re2.error:
        return None


def full_match(pattern: str, text: str) -> bool:
    """Whether the whole of `text` matches."""
    program = compiled(pattern)
    return program is not None and program.fullmatch(as_bytes(text)) is not None


def replace_all(pattern: str, substitution: str, text: str) -> str:
    r"""RE2's GlobalReplace: every match of `pattern` in `text` replaced by `substitution`.

    `\0` to `\9` in the substitution are groups. An empty match right after another match does not count.
    """
    program = compiled(pattern)
    if program is None:
        return text
    subject, rewrite = as_bytes(text), as_bytes(substitution)
    out: list[bytes] = []
    position, last_end = 0, -1
    while position <= len(subject):
        match = program.search(subject, position)
        if match is None:
            break
        start, end = match.span()
        out.append(subject[position:start])
        if start == end == last_end:
            step = _character(subject, start)
            out.append(subject[start : start + step])
            position = start + step
            continue
        out.append(_expand(rewrite, match))
        position = last_end = end
    out.append(subject[position:])
    return b"".join(out).decode("utf-8", "surrogateescape")


def _character(subject: bytes, at: int) -> int:
    """How many bytes the UTF-8 character at `at` has; at the end, 1, which steps over it."""
    size = 1
    while at + size < len(subject) and subject[at + size] & 0xC0 == 0x80:
        size += 1
    return size


def _expand(rewrite: bytes, match: Message) -> bytes:
    out = bytearray()
    i = 0
    while i < len(rewrite):
        c = rewrite[i : i + 1]
        following = rewrite[i + 1 : i + 2]
        if c == b"\\" and following.isdigit():
            group = int(following)
            out += (match.group(group) or b"") if group <= match.re.groups else b""
            i += 2
        elif c == b"\\" and following == b"\\":
            out += b"\\"
            i += 2
        else:
            out += c
            i += 1
    return bytes(out)


class StringCondition(Struct, frozen=True):
    """One condition on a string. `kind` is the StringMatcher field; a kind that is not known never matches."""

    kind: str
    operand: str
    ignore_case: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.operand!r}" + (" ignoring case" if self.ignore_case else "")

    def matches(self, value: str) -> bool:
        """Whether `value` meets the condition."""
        if self.kind == "safe_regex":
            return full_match(self.operand, value)
        operand = self.operand
        if self.ignore_case:
            # Only ASCII letters lose their case, as in absl::EqualsIgnoreCase.
            value = value.translate(_ASCII_LOWER)
            operand = operand.translate(_ASCII_LOWER)
        match self.kind:
            case "exact":
                return value == operand
            case "prefix":
                return value.startswith(operand)
            case "suffix":
                return value.endswith(operand)
            case "contains":
                return operand in value
        return False


_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def string_condition(matcher: Message) -> StringCondition:
    """A StringMatcher as a condition."""
    kind = matcher.WhichOneof("match_pattern") or "nothing"
    if kind == "safe_regex":
        return StringCondition(kind, matcher.safe_regex.regex)
    operand = getattr(matcher, kind) if kind in ("exact", "prefix", "suffix", "contains") else ""
    return StringCondition(kind, operand, matcher.ignore_case)
