# SPDX-License-Identifier: Apache-2.0
"""What the HTTP connection manager does to a path before routes see it.

Source: HttpConnectionManager.normalize_path, merge_slashes, path_with_escaped_slashes_action. Normalisation is that of
Chromium's URL library, which Envoy uses: dot segments are resolved, `\\` counts as `/`, and what need not be escaped is
unescaped.
"""

from __future__ import annotations

from enum import Enum
from typing import Any as Message

from msgspec import Struct

KEEP_UNCHANGED, REJECT, UNESCAPE_AND_REDIRECT, UNESCAPE_AND_FORWARD = 1, 2, 3, 4

_HEX = frozenset("0123456789abcdefABCDEF")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPED = frozenset('"<>`{}^|')
_SLASHES = (("%2F", "/"), ("%2f", "/"), ("%5C", "\\"), ("%5c", "\\"))


class Verdict(Enum):
    """What becomes of the request."""

    FORWARD = "forward"
    REJECT = "reject"
    REDIRECT = "redirect"


class Normalized(Struct, frozen=True):
    """The path that routes see, or the reason for a local answer."""

    path: str
    verdict: Verdict = Verdict.FORWARD


def normalize(manager: Message, path: str) -> Normalized:
    """`path` (with its query) as the connection manager makes it."""
    verdict = Verdict.FORWARD
    action = manager.path_with_escaped_slashes_action
    before, mark, query = path.partition("?")
    if action in (REJECT, UNESCAPE_AND_REDIRECT, UNESCAPE_AND_FORWARD):
        unescaped = before
        for escape, character in _SLASHES:
            unescaped = unescaped.replace(escape, character)
        if unescaped != before:
            if action == REJECT:
                return Normalized(path, Verdict.REJECT)
            if action == UNESCAPE_AND_REDIRECT:
                verdict = Verdict.REDIRECT
            before = unescaped
    if manager.normalize_path.value:
        if "%00" in before:
            return Normalized(path, Verdict.REJECT)
        before = canonical(before)
    if manager.merge_slashes and "//" in before:
        merged = "/".join(s for s in before.split("/") if s)
        before = ("/" if before.startswith("/") else "") + merged + ("/" if before.endswith("/") else "")
    return Normalized(before + mark + query, verdict)


def canonical(path: str) -> str:
    """An absolute path without query, canonicalised."""
    out: list[str] = []
    segments = _split(path)
    for i, segment in enumerate(segments):
        last = i == len(segments) - 1
        dots = segment.replace("%2e", ".").replace("%2E", ".")
        if dots == ".":
            if last:
                out.append("")
        elif dots == "..":
            if out:
                out.pop()
            if last:
                out.append("")
        else:
            out.append(_canonical_segment(segment))
    return "/" + "/".join(out)


def _split(path: str) -> list[str]:
    """The segments after the leading slash."""
    segments = path.replace("\\", "/").split("/")
    return segments[1:] if not segments[0] else segments


def _canonical_segment(segment: str) -> str:
    out = []
    i = 0
    while i < len(segment):
        c = segment[i]
        if c == "%" and len(segment) - i > 2 and segment[i + 1] in _HEX and segment[i + 2] in _HEX:
            decoded = chr(int(segment[i + 1 : i + 3], 16))
            out.append(decoded if decoded in _UNRESERVED else segment[i : i + 3])
            i += 3
            continue
        out.append(f"%{ord(c):02X}" if c in _ESCAPED else c)
        i += 1
    return "".join(out)
