# SPDX-License-Identifier: Apache-2.0
"""envoy.config.route.v3.RouteMatch: every condition of a route, and which one a request fails."""

from __future__ import annotations

from typing import Any as Message
from typing import Protocol

from msgspec import Struct

from lateen.explain.fraction import runtime_fraction
from lateen.explain.header_match import header_condition
from lateen.explain.http_view import HttpView
from lateen.explain.metadata_match import FilterStateCondition, MetadataCondition
from lateen.explain.path_match import PathCondition, path_condition
from lateen.explain.query_match import query_condition


class Condition(Protocol):
    """One thing that a route asks of a request."""

    def matches(self, view: HttpView) -> bool:
        """Whether the request meets it."""

    def reason(self, view: HttpView) -> str:
        """The condition, and what the request has instead."""


class GrpcCondition(Struct, frozen=True):
    """`grpc`: only gRPC requests."""

    def __str__(self) -> str:
        return "gRPC"

    def matches(self, view: HttpView) -> bool:
        return view.is_grpc

    def reason(self, view: HttpView) -> str:
        return f"{self}: the content type is {view.header('content-type')!r}"


class RuntimeCondition(Struct, frozen=True):
    """`runtime_fraction`: only this part of the requests."""

    value: Message

    def __str__(self) -> str:
        key = self.value.runtime_key
        return f"a part of the requests{f' (runtime key {key})' if key else ''}"

    def matches(self, view: HttpView) -> bool:
        return runtime_fraction(self.value, view.request.runtime).hits(view.request.random)

    def reason(self, view: HttpView) -> str:
        share = runtime_fraction(self.value, view.request.runtime).share
        return f"{self}: {share:.4%} of them, and the random number {view.request.random} is not among these"


class TlsCondition(Struct, frozen=True):
    """`tls_context`: whether the client presented a certificate, and whether it was validated."""

    presented: bool | None
    validated: bool | None

    def __str__(self) -> str:
        asked = [("presented", self.presented), ("validated", self.validated)]
        return "client certificate " + " and ".join(
            word if wanted else f"not {word}" for word, wanted in asked if wanted is not None
        )

    def matches(self, view: HttpView) -> bool:
        presented, validated = view.tls.certificate_presented, view.tls.certificate_validated
        return self.presented in (None, presented) and self.validated in (None, validated)

    def reason(self, view: HttpView) -> str:
        has = "a validated one" if view.tls.certificate_validated else "one that is not validated"
        return f"{self}: the client presented {has if view.tls.certificate_presented else 'none'}"


class NotUnderstood(Struct, frozen=True):
    """A part of the match that no rule here covers: it is taken as not met, and says so."""

    what: str

    def __str__(self) -> str:
        return self.what

    def matches(self, view: HttpView) -> bool:
        return False

    def reason(self, view: HttpView) -> str:
        return f"{self.what}: not understood"


class RouteMatch(Struct, frozen=True):
    """All conditions of one route; `path` is the one on the path, if any."""

    path: PathCondition | None
    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.conditions))

    def failing(self, view: HttpView) -> Condition | None:
        """The first condition that the request does not meet; None = the route matches."""
        for condition in self.conditions:
            if not condition.matches(view):
                return condition
        return None


def route_match(match: Message, ignore_parameters: bool = False) -> RouteMatch:
    """A RouteMatch message, compiled."""
    path = path_condition(match, ignore_parameters)
    conditions: list[Condition] = [path or NotUnderstood("path specifier")]
    conditions += [header_condition(h) for h in match.headers]
    conditions += [query_condition(q) for q in match.query_parameters]
    if match.HasField("grpc"):
        conditions.append(GrpcCondition())
    if match.HasField("tls_context"):
        conditions.append(_tls_condition(match.tls_context))
    conditions += [MetadataCondition(m) for m in match.dynamic_metadata]
    conditions += [FilterStateCondition(m) for m in match.filter_state]
    if match.HasField("runtime_fraction"):
        conditions.append(RuntimeCondition(match.runtime_fraction))
    return RouteMatch(path, tuple(conditions))


def _tls_condition(context: Message) -> TlsCondition:
    presented = context.presented.value if context.HasField("presented") else None
    validated = context.validated.value if context.HasField("validated") else None
    return TlsCondition(presented, validated)
