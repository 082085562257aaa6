# SPDX-License-Identifier: Apache-2.0
"""`Call`, one request to a kind, and `Reply`, its answer; both without any connection behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from lateen.apiserver.registry.kind import Kind
from lateen.apiserver.status import ApiError, bad_request

_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False", ""))


@dataclass(frozen=True, slots=True)
class User:
    """Who asks: a name, a uid and groups."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """`query` holds the first value of each parameter; `body` is None until it is read."""

    verb: str
    kind: Kind
    version: str
    namespace: str
    name: str
    subresource: str
    query: Mapping[str, str]
    user: User
    accept: str = ""
    content_type: str = ""
    agent: str = ""
    body: bytes = b""
    warnings: list[str] = field(default_factory=list)

    @property
    def api_version(self) -> str:
        return self.kind.api_version(self.version)

    def flag(self, name: str) -> bool:
        """A boolean parameter, read as Go reads them. Raises ApiError."""
        return parse_bool(self.query.get(name, ""), name)

    @property
    def dry_run(self) -> bool:
        """`dryRun=All`. Raises ApiError for any other value."""
        return parse_dry_run([self.query["dryRun"]] if "dryRun" in self.query else [])

    @property
    def field_validation(self) -> str:
        """Strict, Warn or Ignore. Raises ApiError."""
        given = self.query.get("fieldValidation") or "Warn"
        if given not in ("Strict", "Warn", "Ignore"):
            raise _unsupported("CreateOptions", "fieldValidation", given, '"", "Ignore", "Strict", "Warn"')
        return given

    @property
    def manager(self) -> str:
        """The field manager: the parameter, or what the user agent calls itself."""
        return self.query.get("fieldManager") or self.agent.partition("/")[0][:128] or "unknown"


def parse_bool(text: str, name: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise bad_request(f'strconv.ParseBool: parsing "{text}": invalid syntax')


def parse_dry_run(values: list[str]) -> bool:
    given = [value for value in values if value]
    if given and given != ["All"]:
        raise _unsupported("DeleteOptions", "dryRun", given[0], '"All"')
    return bool(given)


def _unsupported(options: str, field: str, given: str, known: str) -> ApiError:
    detail = f'{field}: Unsupported value: "{given}": supported values: {known}'
    message = f'{options}.meta.k8s.io "" is invalid: {detail}'
    return ApiError(422, "Invalid", message, {"group": "meta.k8s.io", "kind": options})


@dataclass(slots=True)
class Reply:
    """`body` is ready JSON."""

    code: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)
    content_type: str = "application/json"


def json_reply(code: int, document: Any) -> Reply:
    return Reply(code, orjson.dumps(document))
