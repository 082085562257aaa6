# SPDX-License-Identifier: Apache-2.0
"""The HTTP filters that a request passes: which of them its route switches off, and which answers in its stead."""

from __future__ import annotations

from typing import Any as Message

from msgspec import Struct

from lateen.explain.any_message import type_name, type_of, unpack
from lateen.explain.cors import answers_preflight
from lateen.explain.decision import DirectResponse, Failure, Filter, Problem
from lateen.explain.fault import Fault, fault_of
from lateen.explain.rbac import Caller, judge

_PACKAGE = "envoy.extensions.filters.http."
_FILTER_CONFIG = "envoy.config.route.v3.FilterConfig"
_RBAC, _RBAC_PER_ROUTE = _PACKAGE + "rbac.v3.RBAC", _PACKAGE + "rbac.v3.RBACPerRoute"
_FAULT = _PACKAGE + "fault.v3.HTTPFault"
_CORS, _CORS_POLICY = _PACKAGE + "cors.v3.Cors", _PACKAGE + "cors.v3.CorsPolicy"


class Passage(Struct, frozen=True):
    """The filters with what each does, and the answer of the one that ends the request, if any."""

    filters: tuple[Filter, ...]
    failure: Failure | None = None
    answer: DirectResponse | None = None


def passage(manager: Message, levels: list[Message], caller: Caller | None, cluster: str) -> Passage:
    """The way through a connection manager's filters.

    `levels`: route, virtual host and route table, as far as they were found. `caller` is None when the request does not
    come as far as the filters. `cluster`: where its route leads.
    """
    done: list[Filter] = []
    for f in manager.http_filters:
        kind = _kind(f)
        config_name, config, disabled = _route_config(f, levels)
        if disabled or caller is None:
            done.append(Filter(f.name, kind, disabled))
            continue
        effect, failure, answer = "", None, None
        if kind == _RBAC:
            effect, failure = _access(f, config_name, config, caller)
        elif kind == _FAULT:
            effect, failure = _fault(f, config_name, config, caller, cluster)
        elif kind == _CORS and config_name == _CORS_POLICY and _preflight(config, levels[0], caller):
            effect, answer = "answers the preflight request", DirectResponse(200)
        done.append(Filter(f.name, kind, effect=effect))
        if failure is not None or answer is not None:
            return Passage(tuple(done), failure, answer)
    return Passage(tuple(done))


def _kind(f: Message) -> str:
    if f.WhichOneof("config_type") == "typed_config":
        return type_of(f.typed_config)
    return ", ".join(type_name(u) for u in f.config_discovery.type_urls)


def _route_config(f: Message, levels: list[Message]) -> tuple[str, Message | None, bool]:
    """The filter's configuration for this route (type, message), and whether it is switched off.

    The most specific level that mentions the filter decides.
    """
    for level in levels:
        if f.name not in level.typed_per_filter_config:
            continue
        name, config = unpack(level.typed_per_filter_config[f.name])
        if name != _FILTER_CONFIG or config is None:
            return name, config, False
        if config.disabled:
            return "", None, True
        return (*unpack(config.config), False)
    return "", None, bool(f.disabled)


def _preflight(policy: Message | None, route: Message, caller: Caller) -> bool:
    """Only for requests that would be forwarded does the CORS filter do anything."""
    if policy is None or caller.view is None or not route.HasField("route"):
        return False
    return answers_preflight(policy, caller.view)


def _access(f: Message, name: str, override: Message | None, caller: Caller) -> tuple[str, Failure | None]:
    rules = unpack(f.typed_config)[1]
    if override is not None and name == _RBAC_PER_ROUTE:
        rules = override.rbac if override.HasField("rbac") else None
    if rules is None:
        return "", None
    verdict = judge(rules, caller)
    by = f"policy {verdict.policy}" if verdict.policy else "no policy matches"
    if verdict.allowed:
        return f"allowed: {by}", None
    return f"denied: {by}", Failure(Problem.DENIED, f"{f.name}: access denied, {by}", 403)


def _fault(f: Message, name: str, override: Message | None, caller: Caller, cluster: str) -> tuple[str, Failure | None]:
    config = override if override is not None and name == _FAULT else unpack(f.typed_config)[1]
    if config is None or caller.view is None:
        return "", None
    fault = fault_of(config, caller.view, cluster)
    if fault.abort_share < 1:
        return _chances(fault), None
    message = f"{f.name}: aborted on purpose"
    return _chances(fault), Failure(Problem.FAULT, message, fault.status, "FI")


def _chances(fault: Fault) -> str:
    said = []
    if fault.delay_share and fault.delay:
        said.append(f"delays {fault.delay_share:.4g} of the requests by {fault.delay:g} s")
    if fault.abort_share:
        status = fault.status if fault.grpc_status is None else f"gRPC status {fault.grpc_status}"
        said.append(f"aborts {fault.abort_share:.4g} of the requests with {status}")
    return ", ".join(said)
