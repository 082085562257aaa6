# SPDX-License-Identifier: Apache-2.0
"""One request through one proxy: every decision from the listener to the endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any as Message

from msgspec import Struct
from msgspec.structs import replace

from lateen.explain import downstream_tls
from lateen.explain.cluster import reached
from lateen.explain.connection import Connection
from lateen.explain.decision import DownstreamTls, Failure, Filter, Forward, NonForwarding, Problem, Trace
from lateen.explain.http_connection_manager import manage
from lateen.explain.network_filter import TCP_PROXY, passage
from lateen.explain.rbac import Caller
from lateen.explain.request import Request
from lateen.explain.resources import Resources
from lateen.explain.tcp_proxy import proxied


def trace(resources: Resources, request: Request, *, why: bool = False) -> Trace:
    """Every decision that a proxy with these resources takes for `request`.

    With `why`, each choice also names the candidates that were passed over and the condition that failed.
    """
    accepted = resources.listeners.accept(request, why)
    answer = Trace(listeners=accepted.hops, notes=tuple(f"{k} {n}: {w}" for (k, n), w in resources.unreadable.items()))
    if accepted.failure is not None or accepted.listener is None:
        return replace(answer, failure=accepted.failure)
    connection = accepted.connection
    if not connection.transport_protocol:
        connection = replace(connection, transport_protocol="raw_buffer")
    chain, decision = accepted.listener.chains.choose(connection, why)
    answer = replace(answer, detected=connection.detected(), filter_chain=decision)
    if chain is None:
        return replace(answer, failure=_no_chain(answer))
    tls, failure = downstream_tls.accept(chain, request.tls)
    filters = resources.filters(chain)
    answer = replace(answer, downstream_tls=tls)
    if failure is not None:
        named = tuple(Filter(name, kind) for name, kind, _ in filters)
        return replace(answer, network_filters=named, failure=failure)
    passed = passage(filters, Caller(request, connection, tls))
    answer = replace(answer, network_filters=passed.filters, failure=passed.failure)
    if passed.terminal is None:
        return answer
    served = _Served(resources, request, connection, tls, why)
    if passed.kind == TCP_PROXY:
        return _tcp(served, passed.terminal, passed.cluster, answer)
    return _http(served, passed.terminal, answer)


class _Served(Struct, frozen=True):
    """What the filter that ends the chain works on."""

    resources: Resources
    request: Request
    connection: Connection
    tls: DownstreamTls
    why: bool


def _no_chain(answer: Trace) -> Failure:
    if answer.filter_chain is not None and answer.filter_chain.tied:
        names = ", ".join((answer.filter_chain.name, *answer.filter_chain.tied))
        return Failure(Problem.AMBIGUOUS_FILTER_CHAIN, f"filter chains {names} match alike")
    return Failure(Problem.NO_FILTER_CHAIN, "no filter chain matches, and there is no default", flag="NR")


def _http(served: _Served, manager: Message, answer: Trace) -> Trace:
    outcome = manage(manager, served.resources.table_of, served.request, served.connection, served.tls, served.why)
    answer = replace(answer, http=outcome.http, failure=outcome.failure)
    action = outcome.http.action
    if outcome.failure is None and isinstance(action, NonForwarding):
        failure = Failure(Problem.NO_CLUSTER, "the route forwards nothing, and no filter has answered", 503, "NC")
        return replace(answer, failure=failure)
    if outcome.failure is not None or not isinstance(action, Forward):
        return answer
    status = action.missing_cluster_status
    if not action.cluster and not any(s.cluster for s in action.shares):
        failure = Failure(Problem.NO_CLUSTER, "the route names no cluster", status, "NC")
        return replace(answer, failure=failure)
    return _upstream(served, action.cluster, dict(action.metadata_match), answer, status)


def _tcp(served: _Served, proxy: Message, override: str, answer: Trace) -> Trace:
    decision, subset = proxied(proxy, override, served.request.random)
    return _upstream(served, decision.cluster, subset, replace(answer, tcp=decision), None)


def _upstream(
    served: _Served, name: str, subset: Mapping[str, str], answer: Trace, missing_status: int | None
) -> Trace:
    """Look into the chosen cluster; with the choice left open there is nothing to look into."""
    if not name:
        return answer
    config = served.resources.cluster(name)
    if config is None:
        failure = Failure(Problem.NO_CLUSTER, f"there is no cluster {name!r}", missing_status, "NC")
        return replace(answer, failure=failure)
    cluster, failure_ = reached(config, served.resources.assignment, subset, str(served.connection.local))
    return replace(answer, cluster=cluster, failure=failure_)
