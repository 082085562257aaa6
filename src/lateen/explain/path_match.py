# SPDX-License-Identifier: Apache-2.0
"""The path specifier of a RouteMatch: prefix, path, safe_regex, path_separated_prefix, connect, URI template."""

from __future__ import annotations

import re
from typing import Any as Message

from msgspec import Struct

from lateen.explain import uri_template
from lateen.explain.any_message import unpack
from lateen.explain.http_view import HttpView
from lateen.explain.string_match import StringCondition

_URI_TEMPLATE = "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"
_PARAMETERS = re.compile(r";[^/]*")
_WORDS = {"path": "exact", "prefix": "prefix", "path_separated_prefix": "prefix", "safe_regex": "safe_regex"}


class PathCondition(Struct, frozen=True):
    """A condition on the path. `kind` is the RouteMatch field; `string` carries its operand and case."""

    kind: str
    string: StringCondition
    ignore_parameters: bool = False
    """Leave out `;…` of each segment (RouteConfiguration.ignore_path_parameters_in_path_matching)."""

    def __str__(self) -> str:
        if self.kind == "connect_matcher":
            return "method CONNECT"
        return f"{self.kind} {self.string.operand!r}" + (" ignoring case" if self.string.ignore_case else "")

    def matches(self, view: HttpView) -> bool:
        """Whether the request meets it."""
        if self.kind == "connect_matcher":
            return view.method == "CONNECT"
        if view.path is None:
            return False
        if self.kind == "path_match_policy":
            return uri_template.template_matches(self.string.operand, view.path_only)
        path = view.path_only
        if self.ignore_parameters:
            path = _PARAMETERS.sub("", path)
        if not self.string.matches(path):
            return False
        if self.kind == "path_separated_prefix":
            size = len(self.string.operand)
            return len(path) == size or path[size] == "/"
        return True

    def reason(self, view: HttpView) -> str:
        """What the request has instead."""
        if self.kind == "connect_matcher":
            return f"{self}: the method is {view.method}"
        if view.path is None:
            return f"{self}: the request has no path"
        return f"{self}: the path is {view.path_only!r}"

    def matched(self, view: HttpView) -> str:
        """The part of the path that a prefix rewrite replaces."""
        if self.kind == "path_match_policy":
            return self.string.operand
        if self.kind in ("prefix", "path_separated_prefix", "path"):
            return (view.path or "")[: len(self.string.operand)]
        return view.path_only


def path_condition(match: Message, ignore_parameters: bool) -> PathCondition | None:
    """The path specifier of a RouteMatch; None if it has none, or one of an unknown extension."""
    kind = match.WhichOneof("path_specifier")
    if kind is None:
        return None
    if kind == "connect_matcher":
        return PathCondition(kind, StringCondition("prefix", ""))
    if kind == "path_match_policy":
        name, policy = unpack(match.path_match_policy.typed_config)
        if policy is None or name != _URI_TEMPLATE:
            return None
        return PathCondition(kind, StringCondition("uri_template", policy.path_template))
    if kind == "safe_regex":
        return PathCondition(kind, StringCondition("safe_regex", match.safe_regex.regex), ignore_parameters)
    ignore_case = match.HasField("case_sensitive") and not match.case_sensitive.value
    return PathCondition(kind, StringCondition(_WORDS[kind], getattr(match, kind), ignore_case), ignore_parameters)
