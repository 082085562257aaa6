# SPDX-License-Identifier: Apache-2.0
"""RouteRule (config.istio.io/v1alpha2): a VirtualService, and a DestinationRule for the labels it routes to."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec

from lateen.model.duration import Duration
from lateen.model.message import FrozenMap, Message
from lateen.model.networking.http_match import StringMatch
from lateen.model.resource import Resource, ResourceType
from lateen.model.schema import Double, Int32
from lateen.parse.decode.encode import to_mapping
from lateen.parse.legacy.service_reference import IstioService
from lateen.parse.text import duration as durations
from lateen.parse.text.problem import Problem

API_VERSION: Final = "networking.istio.io/v1"
_PSEUDO_HEADERS: Final = ("uri", "scheme", "method", "authority")
_NOT_IN_LABELS: Final = re.compile(r"[^a-z0-9]+")


class L4Match(Message, frozen=True, kw_only=True):
    """Conditions on a connection."""

    source_subnet: tuple[str, ...] = ()
    destination_subnet: tuple[str, ...] = ()


class MatchRequest(Message, frozen=True, kw_only=True):
    """Conditions on a request: headers, and uri, scheme, method, authority as if they were."""

    headers: dict[str, StringMatch] = msgspec.field(default_factory=FrozenMap)


class MatchCondition(Message, frozen=True, kw_only=True):
    """When the rule applies."""

    source: IstioService | None = None
    tcp: L4Match | None = None
    request: MatchRequest | None = None


class DestinationWeight(Message, frozen=True, kw_only=True):
    """A destination with its share; the rule's own destination when it names none."""

    destination: IstioService | None = None
    labels: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    weight: Int32 = 0


class Redirect(Message, frozen=True, kw_only=True):
    """An answer with a redirect."""

    uri: str = ""
    authority: str = ""


class Rewrite(Message, frozen=True, kw_only=True):
    """Changes before forwarding."""

    uri: str = ""
    authority: str = ""


class SimpleTimeout(Message, frozen=True, kw_only=True):
    """A fixed timeout."""

    timeout: Duration | None = None
    override_header_name: str = ""


class HTTPTimeout(Message, frozen=True, kw_only=True):
    """Time for a request."""

    simple_timeout: SimpleTimeout | None = None


class SimpleRetry(Message, frozen=True, kw_only=True):
    """A fixed number of retries."""

    attempts: Int32 = 0
    per_try_timeout: Duration | None = None
    override_header_name: str = ""


class HTTPRetryPolicy(Message, frozen=True, kw_only=True):
    """Retries of a request."""

    simple_retry: SimpleRetry | None = None


class FaultDelay(Message, frozen=True, kw_only=True):
    """Requests held back on purpose."""

    percent: Double = 0.0
    fixed_delay: Duration | None = None


class FaultAbort(Message, frozen=True, kw_only=True):
    """Requests aborted on purpose."""

    percent: Double = 0.0
    http_status: Int32 | None = None
    grpc_status: str | None = None


class HTTPFault(Message, frozen=True, kw_only=True):
    """Faults on purpose."""

    delay: FaultDelay | None = None
    abort: FaultAbort | None = None


class LegacyCorsPolicy(Message, frozen=True, kw_only=True):
    """Cross-origin rules."""

    allow_origin: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: Duration | None = None
    allow_credentials: bool | None = None


class RouteRuleSpec(Message, frozen=True, kw_only=True):
    """Routes for the requests to one service."""

    destination: IstioService = IstioService()
    precedence: Int32 = 0
    """Rules of higher precedence come first."""
    match: MatchCondition | None = None
    route: tuple[DestinationWeight, ...] = ()
    redirect: Redirect | None = None
    rewrite: Rewrite | None = None
    websocket_upgrade: bool = False
    http_req_timeout: HTTPTimeout | None = None
    http_req_retries: HTTPRetryPolicy | None = None
    http_fault: HTTPFault | None = None
    mirror: IstioService | None = None
    cors_policy: LegacyCorsPolicy | None = None
    append_headers: dict[str, str] = msgspec.field(default_factory=FrozenMap)


class RouteRule(Resource, frozen=True, kw_only=True):
    """Routes for the requests to one service."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="config.istio.io", kind="RouteRule", plural="routerules", versions=("v1alpha2",)
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: RouteRuleSpec = RouteRuleSpec()


def host(destination: IstioService, namespace: str) -> str:
    """The host whose requests a rule routes."""
    return destination.host(namespace)


def convert(rules: Sequence[tuple[list[Problem], RouteRule]]) -> list[dict[str, Any]]:
    """The rules for one destination, best first, as modern documents; problems go with the rule they are about."""
    _, first = rules[0]
    subsets: dict[str, dict[str, dict[str, str]]] = {}
    http: list[dict[str, Any]] = []
    tcp: list[dict[str, Any]] = []
    for problems, rule in rules:
        if not rule.spec.destination.name and not rule.spec.destination.service:
            problems.append(Problem("required", "destination is required", "add destination.name", "spec.destination"))
            continue
        is_tcp = rule.spec.match is not None and rule.spec.match.tcp is not None
        (tcp if is_tcp else http).append(_route(problems, rule, subsets, is_tcp))
    spec: dict[str, Any] = {"hosts": [host(first.spec.destination, first.namespace)]}
    spec |= {name: routes for name, routes in (("http", http), ("tcp", tcp)) if routes}
    if len(spec) == 1:
        return []
    metadata = {"name": first.name, "namespace": first.namespace}
    documents = [{"apiVersion": API_VERSION, "kind": "VirtualService", "metadata": metadata, "spec": spec}]
    for number, (target, found) in enumerate(subsets.items()):
        name = first.name if number == 0 else f"{first.name}-{number + 1}"
        documents.append(
            {
                "apiVersion": API_VERSION,
                "kind": "DestinationRule",
                "metadata": {**metadata, "name": name},
                "spec": {
                    "host": target,
                    "subsets": [{"name": subset, "labels": dict(labels)} for subset, labels in found.items()],
                },
            }
        )
    return documents


def _route(
    problems: list[Problem], rule: RouteRule, subsets: dict[str, dict[str, dict[str, str]]], is_tcp: bool
) -> dict[str, Any]:
    spec = rule.spec
    route: dict[str, Any] = {}
    match = _match(problems, spec.match, is_tcp)
    if match:
        route["match"] = [match]
    weights = spec.route or (() if spec.redirect is not None else (DestinationWeight(),))
    if weights:
        route["route"] = [_weighted(rule, weight, subsets, len(weights) > 1) for weight in weights]
    if is_tcp:
        return route
    if spec.redirect is not None:
        route["redirect"] = to_mapping(spec.redirect)
    if spec.rewrite is not None:
        route["rewrite"] = to_mapping(spec.rewrite)
    timeout = spec.http_req_timeout.simple_timeout if spec.http_req_timeout is not None else None
    if timeout is not None and timeout.timeout is not None:
        route["timeout"] = durations.render(timeout.timeout)
    retry = spec.http_req_retries.simple_retry if spec.http_req_retries is not None else None
    if retry is not None:
        route["retries"] = {"attempts": retry.attempts}
        if retry.per_try_timeout is not None:
            route["retries"]["perTryTimeout"] = durations.render(retry.per_try_timeout)
    if spec.http_fault is not None:
        route["fault"] = _fault(spec.http_fault)
    if spec.mirror is not None:
        route["mirror"] = _destination(rule, spec.mirror, spec.mirror.labels, subsets)
    if spec.cors_policy is not None:
        cors = to_mapping(spec.cors_policy)
        origins = cors.pop("allowOrigin", [])
        if origins:
            cors["allowOrigins"] = [{"regex": ".*"} if origin == "*" else {"exact": origin} for origin in origins]
        route["corsPolicy"] = cors
    if spec.append_headers:
        route["headers"] = {"request": {"add": dict(spec.append_headers)}}
    return route


def _match(problems: list[Problem], condition: MatchCondition | None, is_tcp: bool) -> dict[str, Any]:
    if condition is None:
        return {}
    match: dict[str, Any] = {}
    if condition.source is not None:
        if condition.source.name or condition.source.service:
            message = "a caller by the name of its service cannot be expressed any more"
            hint = "write match.source.labels with the labels of its pods"
            problems.append(Problem("legacy-unsupported", message, hint, "spec.match.source"))
        if condition.source.labels:
            match["sourceLabels"] = dict(condition.source.labels)
    if condition.tcp is not None:
        if condition.tcp.source_subnet:
            message = "sourceSubnet has no effect any more"
            problems.append(Problem("legacy-unsupported", message, "use sourceLabels", "spec.match.tcp.sourceSubnet"))
        if condition.tcp.destination_subnet:
            match["destinationSubnets"] = list(condition.tcp.destination_subnet)
    if condition.request is not None and not is_tcp:
        match |= _request(condition.request.headers)
    return match


def _request(headers: Mapping[str, StringMatch]) -> dict[str, Any]:
    match: dict[str, Any] = {name: to_mapping(headers[name]) for name in _PSEUDO_HEADERS if name in headers}
    others = {name: to_mapping(value) for name, value in headers.items() if name not in _PSEUDO_HEADERS}
    return {**match, "headers": others} if others else match


def _weighted(
    rule: RouteRule, weight: DestinationWeight, subsets: dict[str, dict[str, dict[str, str]]], several: bool
) -> dict[str, Any]:
    service = weight.destination or rule.spec.destination
    labels = weight.labels or service.labels
    found: dict[str, Any] = {"destination": _destination(rule, service, labels, subsets)}
    if several:
        found["weight"] = weight.weight
    return found


def _destination(
    rule: RouteRule,
    service: IstioService,
    labels: Mapping[str, str],
    subsets: dict[str, dict[str, dict[str, str]]],
) -> dict[str, Any]:
    target = service.host(rule.namespace)
    if not labels:
        return {"host": target}
    name = _subset_name(labels)
    subsets.setdefault(target, {})[name] = dict(labels)
    return {"host": target, "subset": name}


def _subset_name(labels: Mapping[str, str]) -> str:
    """A name made of the labels: `version: v2` is simply v2."""
    only_version = set(labels) == {"version"}
    parts = [value if only_version else f"{key}-{value}" for key, value in sorted(labels.items())]
    return _NOT_IN_LABELS.sub("-", "-".join(parts).lower()).strip("-")[:63].rstrip("-") or "all"


def _fault(fault: HTTPFault) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if fault.delay is not None:
        found["delay"] = {"percentage": {"value": fault.delay.percent}}
        if fault.delay.fixed_delay is not None:
            found["delay"]["fixedDelay"] = durations.render(fault.delay.fixed_delay)
    if fault.abort is not None:
        found["abort"] = {"percentage": {"value": fault.abort.percent}}
        if fault.abort.http_status is not None:
            found["abort"]["httpStatus"] = fault.abort.http_status
        if fault.abort.grpc_status is not None:
            found["abort"]["grpcStatus"] = fault.abort.grpc_status
    return found
