# SPDX-License-Identifier: Apache-2.0
"""Envoy's URI templates (`/api/{version}/**`): matching a path and rewriting one.

Source: envoy.extensions.path.match.uri_template.v3 and .rewrite.uri_template.v3. `*` and `{name}` stand for one
segment, `**` for any rest, `{name=a/*}` for what its own pattern matches.
"""

from __future__ import annotations

import re

from lateen.explain.string_match import as_bytes, compiled

_LITERAL = r"a-zA-Z0-9-._~%!$&'()+,;:@"
_SEGMENT = f"[{_LITERAL}=*]+"
_REST = f"[{_LITERAL}=*/]*"
_VARIABLE = re.compile(r"\{([a-zA-Z][a-zA-Z0-9_]*)(?:=([^}]+))?\}")
_TOKEN = re.compile(r"\{[^}]*\}|\*\*|\*|[^{*]+")


def regex(template: str) -> str | None:
    """The RE2 pattern of a match template, or None if it is not one."""
    if not template.startswith("/"):
        return None
    out = ""
    for token in _TOKEN.findall(template):
        if token.startswith("{"):
            variable = _VARIABLE.fullmatch(token)
            if variable is None:
                return None
            inner = "".join(map(_piece, _TOKEN.findall(variable[2]))) if variable[2] else _SEGMENT
            out += f"(?P<{variable[1]}>{inner})"
        else:
            out += _piece(token)
    return out


def _piece(token: str) -> str:
    if token == "*":
        return _SEGMENT
    if token == "**":
        return _REST
    return re.sub(r"([$()+.])", r"\\\1", token)


def template_matches(template: str, path: str) -> bool:
    """Whether `path` (without query) matches."""
    pattern = regex(template)
    program = compiled(pattern) if pattern is not None else None
    return program is not None and program.fullmatch(as_bytes(path)) is not None


def rewritten(template: str, rewrite: str, path: str) -> str | None:
    """`path` as the rewrite template makes it of the variables that `template` finds; None if it does not match."""
    pattern = regex(template)
    program = compiled(pattern) if pattern is not None else None
    match = program.fullmatch(as_bytes(path)) if program is not None else None
    if program is None or match is None:
        return None
    found = {_text(name): _text(match.group(number) or b"") for name, number in program.groupindex.items()}
    return re.sub(r"\{([a-zA-Z][a-zA-Z0-9_]*)\}", lambda m: found.get(m[1], ""), rewrite)


def _text(raw: bytes | str) -> str:
    return raw if isinstance(raw, str) else raw.decode("utf-8", "surrogateescape")
