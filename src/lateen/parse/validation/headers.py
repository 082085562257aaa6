# SPDX-License-Identifier: Apache-2.0
"""Checks of HTTP header names and of values with Envoy's %VARIABLES%."""

import re
from typing import Final

from lateen.model.networking.destination import HeaderOperations, Headers
from lateen.parse.text.field_path import key
from lateen.parse.validation.findings import Findings, quoted
from lateen.parse.validation.names import is_jwt_claim

_NAME: Final = re.compile(r"[-0-9a-zA-Z!#$%&'*+.^_|~`]+")
_STRICT_NAME: Final = re.compile("[-A-Za-z0-9]+")
_PSEUDO_HEADERS: Final = (":method", ":scheme", ":authority", ":path", ":status")
_VALUE: Final = re.compile("[^\x00-\x08\x0a-\x1f\x7f]*")
_TEXT: Final = re.compile(r"(?:[^%]|%%)*")
# A command: its name, then arguments as a list of JSON strings or as bare text up to the closing parenthesis.
_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_COMMAND: Final = re.compile(
    r"%[^%(]*(?:\( *(?:\[ *" + _STRING + r"(?: *, *" + _STRING + r")* *\] *|(?:[^)\[\\ ]|\\.)(?:[^)\\]|\\.)*)\) *)?%",
    re.DOTALL,
)
_EMPTY: Final = "header name cannot be empty"


def _named(header: str, pattern: re.Pattern[str]) -> str | None:
    if not header:
        return _EMPTY
    return None if pattern.fullmatch(header) else f"header name {header} is not a valid header name"


def strict_name(header: str) -> str | None:
    """The name of a header of a probe, or of one that a proxy sets: letters, digits and dashes."""
    return _named(header, _STRICT_NAME)


def cors_name(header: str) -> str | None:
    """A header's name, or `*`."""
    return None if header == "*" else _named(header, _NAME)


def match_name(header: str) -> str | None:
    """A header's name as HTTP allows it, a pseudo header of HTTP/2, or a claim of a verified token."""
    return None if header in _PSEUDO_HEADERS or is_jwt_claim(header) else _named(header, _NAME)


def value(text: str) -> str | None:
    """A header's value as Envoy's format language takes it: a literal percent sign is written twice."""
    if not _VALUE.fullmatch(text):
        return f"header value configuration {text} is invalid"
    position = 0
    while position < len(text):
        literal = _TEXT.match(text, position)
        position = literal.end() if literal else position
        if position == len(text):
            break
        command = _COMMAND.match(text, position)
        if command is None:
            return (
                f"header value configuration: invalid header configuration. Un-terminated variable expression '{text}'"
            )
        position = command.end()
    return None


def is_authority(header: str) -> bool:
    """Whether the header is the host that a request asks for."""
    return header.lower() in (":authority", "host")


def _operation(header: str, may_be_authority: bool) -> str | None:
    if not header:
        return _EMPTY
    if may_be_authority and is_authority(header):
        return None
    if header.lower() == "host":
        return f"invalid header {quoted(header)}: cannot set Host header"
    return f'invalid header {quoted(header)}: header cannot have ":" prefix' if header.startswith(":") else None


def check(findings: Findings, field: str, headers: Headers | None) -> None:
    """Header changes of a route or destination."""
    if headers is None:
        return
    for part, operations in (("request", headers.request), ("response", headers.response)):
        if operations is not None:
            _check_operations(findings, f"{field}.{part}", operations, part == "request")


def _check_operations(findings: Findings, field: str, operations: HeaderOperations, is_request: bool) -> None:
    for what, changes in (("add", operations.add), ("set", operations.set)):
        for header, text in changes.items():
            place = f"{field}.{what}{key(header)}"
            findings.expect(place, _operation(header, is_request), "use the rewrite of the route for path and host")
            findings.expect(place, value(text), "write %% for a percent sign")
    for index, header in enumerate(operations.remove):
        findings.expect(f"{field}.remove[{index}]", _operation(header, False))
