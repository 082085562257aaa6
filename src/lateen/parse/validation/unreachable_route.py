# SPDX-License-Identifier: Apache-2.0
"""Warnings of routes that earlier routes leave nothing for."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from lateen.model.networking.http_match import HTTPMatchRequest, StringMatch
from lateen.model.networking.http_route import HTTPRoute
from lateen.model.networking.virtual_service import VirtualServiceSpec
from lateen.parse.validation.findings import Findings, quoted

_COMPARISONS: Final = 200_000
"""Pairs of prefixes that are compared; where there are more, only neighbours are."""


class _Route(Protocol):
    @property
    def match(self) -> Sequence[object]: ...


def check(findings: Findings, spec: VirtualServiceSpec) -> None:
    """All routes of a VirtualService."""
    _check_repeated(findings, "spec.http", spec.http)
    _check_covered(findings, spec.http)
    _check_repeated(findings, "spec.tcp", spec.tcp)
    _check_repeated(findings, "spec.tls", spec.tls)


def _route_name(route: object, index: int) -> str:
    name = route.name if isinstance(route, HTTPRoute) else ""
    return quoted(name) if name else f"#{index}"


def _match_name(match: object, index: int) -> str:
    name = match.name if isinstance(match, HTTPMatchRequest) else ""
    return quoted(name) if name else f"#{index}"


def _unused(findings: Findings, field: str, route: str, reason: str) -> None:
    message = f"virtualService rule {route} not used ({reason})"
    findings.warn(field, message, "remove it, or move it up", "unreachable-rule")


def _ineffective(findings: Findings, field: str, route: str, match: str, other: str) -> None:
    message = f"virtualService rule {route} match {match} is not used (duplicate/overlapping match in rule {other})"
    findings.warn(field, message, "remove it, or move the more specific one up", "ineffective-match")


def _check_repeated(findings: Findings, field: str, routes: Sequence[_Route]) -> None:
    seen: dict[object, int] = {}
    found_empty = False
    for index, route in enumerate(routes):
        place = f"{field}[{index}]"
        name = _route_name(route, index)
        if not route.match:
            if found_empty:
                _unused(findings, place, name, "only the last rule can have no matches")
            found_empty = True
            continue
        repeated = 0
        for number, match in enumerate(route.match):
            condition = msgspec.structs.replace(match, name="") if isinstance(match, HTTPMatchRequest) else match
            if condition not in seen:
                seen[condition] = index
                continue
            earlier = seen[condition]
            other = _route_name(routes[earlier], earlier)
            _ineffective(findings, f"{place}.match[{number}]", name, _match_name(match, number), other)
            repeated += 1
        if repeated == len(route.match):
            _unused(findings, place, name, "all matches used by prior rules")


class _Prefix(NamedTuple):
    """A match by a prefix of the path, in the terms in which one can cover another."""

    field: str
    route: str
    match: str
    prefix: str
    port: int
    method: str
    authority: str
    maps: tuple[Mapping[str, str], ...]


def _text(condition: StringMatch | None) -> str:
    if condition is None:
        return ""
    if condition.exact:
        return f"exact:{condition.exact}"
    return f"prefix:{condition.prefix}" if condition.prefix else ""


def _prefixes(routes: Sequence[HTTPRoute]) -> list[_Prefix]:
    found: list[_Prefix] = []
    seen: set[HTTPMatchRequest] = set()
    for index, route in enumerate(routes):
        for number, match in enumerate(route.match):
            condition = msgspec.structs.replace(match, name="")
            if condition in seen or match.uri is None or not match.uri.prefix:
                continue
            seen.add(condition)
            conditions = (match.headers, match.query_params, match.without_headers)
            found.append(
                _Prefix(
                    f"spec.http[{index}].match[{number}]",
                    _route_name(route, index),
                    _match_name(match, number),
                    match.uri.prefix,
                    match.port,
                    _text(match.method) or "exact:GET",
                    _text(match.authority),
                    tuple({name: _text(value) for name, value in part.items()} for part in conditions),
                )
            )
    return found


def _check_covered(findings: Findings, routes: Sequence[HTTPRoute]) -> None:
    prefixes = _prefixes(routes)
    window = max(1, _COMPARISONS // max(1, len(prefixes)))
    for index, earlier in enumerate(prefixes):
        for later in prefixes[index + 1 : index + 1 + window]:
            if later.prefix != earlier.prefix and _covers(earlier, later):
                other = f"{earlier.match} of prefix {earlier.prefix} on {earlier.route}"
                _ineffective(findings, later.field, later.route, f"{later.match} of prefix {later.prefix}", other)


def _covers(earlier: _Prefix, later: _Prefix) -> bool:
    return (
        later.prefix.startswith(earlier.prefix)
        and later.port == earlier.port
        and earlier.method.startswith(later.method)
        and earlier.authority.startswith(later.authority)
        and all(_covers_map(one, other) for one, other in zip(earlier.maps, later.maps, strict=True))
    )


def _covers_map(earlier: Mapping[str, str], later: Mapping[str, str]) -> bool:
    return len(earlier) == len(later) and all(
        name in later and value.startswith(later[name]) for name, value in earlier.items()
    )
