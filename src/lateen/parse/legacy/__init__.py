# SPDX-License-Identifier: Apache-2.0
"""Objects of config.istio.io/v1alpha2, the API before Istio 0.8, as modern ones."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import yaml

from lateen.model.diagnostic import Severity
from lateen.model.resource import Resource
from lateen.parse.decode import messages
from lateen.parse.decode.context import Context
from lateen.parse.legacy import egress_rule, route_rule
from lateen.parse.legacy.egress_rule import EgressRule
from lateen.parse.legacy.route_rule import RouteRule
from lateen.parse.text.problem import Problem

GROUP: Final = "config.istio.io"
VERSION: Final = "v1alpha2"

_KINDS: Final[dict[str, type[Resource]]] = {"RouteRule": RouteRule, "EgressRule": EgressRule}
_GONE: Final = {
    "DestinationPolicy": "write a DestinationRule with trafficPolicy (load balancing, circuit breakers)",
    "IngressRule": "write a Gateway with the ports and hosts, and a VirtualService with its name in gateways",
}


class Legacy(NamedTuple):
    """A legacy document."""

    data: Mapping[str, Any]
    namespace: str
    """Its namespace, or the default one."""


class Converted(NamedTuple):
    """What became of one legacy document."""

    problems: list[Problem]
    modern: list[dict[str, Any]]
    """Modern documents; those of several rules for one destination stand with the first of them."""


def is_legacy(data: Any) -> bool:
    """Whether a document is of the old API."""
    return isinstance(data, Mapping) and str(data.get("apiVersion", "")).partition("/")[0] == GROUP


def convert(documents: Sequence[Legacy], loose: bool) -> list[Converted]:
    """The modern equivalents of the legacy documents of a file, in their order.

    The rules for one destination become one VirtualService, the ones of higher precedence first: that is what they
    meant together, and sidecars take only one VirtualService for a host.
    """
    results = [Converted([], []) for _ in documents]
    rules: dict[tuple[str, str], list[tuple[int, RouteRule]]] = {}
    for index, document in enumerate(documents):
        found = _decode(document, results[index].problems, loose)
        if isinstance(found, EgressRule):
            results[index].modern.extend(egress_rule.convert(found, results[index].problems))
        elif isinstance(found, RouteRule):
            key = (found.namespace, route_rule.host(found.spec.destination, found.namespace))
            rules.setdefault(key, []).append((index, found))
    for group in rules.values():
        ordered = sorted(group, key=lambda part: -part[1].spec.precedence)
        modern = route_rule.convert([(results[index].problems, rule) for index, rule in ordered])
        results[group[0][0]].modern.extend(modern)
    for result, document in zip(results, documents, strict=True):
        if not any(problem.severity is Severity.ERROR for problem in result.problems):
            result.problems.append(_deprecated(document, result.modern))
    return results


def _decode(document: Legacy, problems: list[Problem], loose: bool) -> Resource | None:
    kind, version = document.data.get("kind"), str(document.data.get("apiVersion")).partition("/")[2]
    cls = _KINDS.get(str(kind))
    if kind in _GONE:
        message = f"{kind} of {GROUP}/{VERSION} is no longer supported"
        problems.append(Problem("legacy-unsupported", message, _GONE[str(kind)], "kind"))
        return None
    if cls is None or version != VERSION:
        message = f'no matches for kind "{kind}" in version "{document.data.get("apiVersion")}"'
        problems.append(Problem("unknown-kind", message, "use the modern API: networking.istio.io/v1", "apiVersion"))
        return None
    body = {key: value for key, value in document.data.items() if key not in ("apiVersion", "kind")}
    metadata = body.get("metadata")
    if isinstance(metadata, Mapping):
        body["metadata"] = {**metadata, "namespace": document.namespace}
    context = Context(loose)
    found: Resource = messages.message(cls, body, None, context)
    problems.extend(context.problems)
    if not found.name:
        problems.append(Problem("required", "resource name may not be empty", "add metadata.name", "metadata.name"))
    return None if any(problem.severity is Severity.ERROR for problem in problems) else found


def _deprecated(document: Legacy, modern: list[dict[str, Any]]) -> Problem:
    kind = document.data.get("kind")
    message = f"{kind} of {GROUP}/{VERSION} is deprecated"
    hint = "it is part of the VirtualService of another rule for this destination"
    if modern:
        hint = "write instead:\n" + render(modern)
    return Problem("deprecated", message, hint, "apiVersion", severity=Severity.WARNING)


def render(documents: Sequence[Mapping[str, Any]]) -> str:
    """Documents as YAML."""
    return "---\n".join(yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True) for document in documents)
