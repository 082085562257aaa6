# SPDX-License-Identifier: Apache-2.0
"""Istio's own traffic simulator in terms of `lateen.explain`: its calls as requests, its results from traces.

Istio's simulator knows certificates only by a rule of thumb: a chain that asks for client certificates and serves the
workload's own certificate is for mutual TLS, and for nothing else. Access control, faults and CORS it does not know at
all. Those rules, and its names of errors, live here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from msgspec import Struct

from lateen.explain import Address, ClientTls, HttpRequest, Request, Resources, Trace, trace
from lateen.explain.any_message import UnreadableError, from_json
from lateen.explain.decision import Forward, Problem
from lateen.explain.request import HTTP2, HTTP11

NO_LISTENER = "no listener matched"
NO_FILTER_CHAIN = "no filter chains matched"
NO_ROUTE = "no route matched"
TLS_REDIRECT = "tls required, sending 301"
NO_VIRTUAL_HOST = "no virtual host matched"
MULTIPLE_FILTER_CHAINS = "multiple filter chains matched"
PROTOCOL_ERROR = "protocol error"
TLS_ERROR = "invalid TLS"
MTLS_ERROR = "invalid mTLS"

_ERRORS = {
    Problem.NO_LISTENER: NO_LISTENER,
    Problem.NO_FILTER_CHAIN: NO_FILTER_CHAIN,
    Problem.AMBIGUOUS_FILTER_CHAIN: MULTIPLE_FILTER_CHAINS,
    Problem.TLS_EXPECTED: TLS_ERROR,
    Problem.PROTOCOL: PROTOCOL_ERROR,
    Problem.NO_VIRTUAL_HOST: NO_VIRTUAL_HOST,
    Problem.NO_ROUTE: NO_ROUTE,
}
# A simulated call ends where the cluster is named; whether the cluster and its endpoints are there is not its concern.
_BEYOND = {Problem.NO_CLUSTER, Problem.NO_ENDPOINT}

_FILTERS = "type.googleapis.com/envoy.extensions.filters."
_IGNORED = {
    _FILTERS + "network.rbac.v3.RBAC",
    _FILTERS + "http.rbac.v3.RBAC",
    _FILTERS + "http.fault.v3.HTTPFault",
    _FILTERS + "http.cors.v3.Cors",
}

_ENOUGH = 5000
"""Resources that are kept read."""

_OUTBOUND_PORT, _INBOUND_PORT = 15001, 15006
_ANY_ADDRESS = "1.3.3.7"
_MUTUAL_ALPN = {"http": "istio-http/1.1", "http2": "istio-h2"}
_TLS_ALPN = {"http": "http/1.1", "http2": "h2"}


class Call(Struct, frozen=True, kw_only=True):
    """A simulated call. `mode`: outbound, inbound, gateway, or empty = outbound where the proxy captures traffic."""

    port: int
    protocol: str = "tcp"
    tls: str = "plaintext"
    address: str = ""
    host: str = ""
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    sni: str = ""
    alpn: str = ""
    mode: str = ""
    mtls_secret: str = "default"


class Result(Struct, frozen=True, kw_only=True):
    """How far a call came; what was not reached is empty."""

    error: str = ""
    listener: str = ""
    filter_chain: str = ""
    route_config: str = ""
    virtual_host: str = ""
    route: str = ""
    cluster: str = ""


def resources_of(dump: Mapping[str, Mapping[str, Any]]) -> Resources:
    """Resources as the simulator sees them, from the four kinds of a dump, `{kind: {name: proto3 JSON}}`."""
    return Resources(
        listeners=_Read(listener_pb2.Listener, dump.get("listeners", {})),
        routes=_Read(route_pb2.RouteConfiguration, dump.get("routes", {})),
        clusters=_Read(cluster_pb2.Cluster, dump.get("clusters", {})),
        endpoints=_Read(endpoint_pb2.ClusterLoadAssignment, dump.get("endpoints", {})),
    )


class _Read(Mapping[str, Any]):
    """Resources by name, each read when it is first asked for, and once although many dumps share it."""

    _known: ClassVar[dict[int, tuple[object, Any]]] = {}

    def __init__(self, cls: Any, resources: Mapping[str, Any]) -> None:
        self._cls = cls
        self._resources = resources

    def __getitem__(self, name: str) -> Any:
        found = self._resources[name]
        if id(found) not in self._known:
            if len(self._known) > _ENOUGH:
                self._known.clear()
            try:
                message = from_json(self._cls, _without_ignored(found))
            except UnreadableError:
                message = found
            # Kept with what it was read from, so that the identity cannot pass to another object.
            self._known[id(found)] = (found, message)
        return self._known[id(found)][1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._resources)

    def __len__(self) -> int:
        return len(self._resources)


def _without_ignored(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {k: _without_ignored(v, k) for k, v in value.items()}
    if not isinstance(value, list):
        return value
    if key in ("filters", "httpFilters"):
        value = [f for f in value if f.get("typedConfig", {}).get("@type") not in _IGNORED]
    return [_without_ignored(v) for v in value]


def simulate(resources: Resources, call: Call) -> Result:
    """Run one call."""
    return _result(trace(resources, _request(resources, call)), call)


def _request(resources: Resources, call: Call) -> Request:
    address = call.address or _ANY_ADDRESS
    return Request(
        destination=Address(address, call.port),
        redirected_to=_redirection(resources, call.mode, ":" in address),
        tls=_client_tls(call),
        http=_http(call) if call.protocol in ("http", "http2") else None,
    )


def _redirection(resources: Resources, mode: str, ipv6: bool) -> Address | None:
    if mode == "gateway":
        return None
    port = _INBOUND_PORT if mode == "inbound" else _OUTBOUND_PORT
    addresses = [Address("::1", port), Address("127.0.0.1", port)][0 if ipv6 else 1 :]
    return next((a for a in addresses if resources.listeners.at(a, bound=True) is not None), None)


def _client_tls(call: Call) -> ClientTls | None:
    if call.tls == "plaintext":
        return None
    if call.tls == "mtls":
        alpn = call.alpn or _MUTUAL_ALPN.get(call.protocol, "istio")
        return ClientTls(server_name=call.sni, alpn=(alpn,), certificate=True)
    alpn = call.alpn or _TLS_ALPN.get(call.protocol, "")
    # Which chains want a certificate is judged below, by the simulator's own rule.
    return ClientTls(server_name=call.sni or call.host, alpn=(alpn,) if alpn else (), certificate=True)


def _http(call: Call) -> HttpRequest:
    pseudo = {k: v for k, v in call.headers if k.startswith(":")}
    return HttpRequest(
        version=HTTP2 if call.protocol == "http2" else HTTP11,
        method=pseudo.get(":method", "GET"),
        authority=call.host or None,
        path=call.path or "/",
        headers=tuple((k, v) for k, v in call.headers if not k.startswith(":")),
    )


def _result(answer: Trace, call: Call) -> Result:
    failure = None if answer.failure is None or answer.failure.problem in _BEYOND else answer.failure
    error = "" if failure is None else _ERRORS.get(failure.problem, failure.message)
    listener = answer.listener.name if answer.listener is not None else ""
    chain = answer.filter_chain
    if chain is None or (failure is not None and failure.problem is Problem.AMBIGUOUS_FILTER_CHAIN):
        return Result(error=error, listener=listener)
    so_far = Result(error=error, listener=listener, filter_chain=chain.name)
    if not error or failure is None or failure.problem not in (Problem.TLS_EXPECTED, Problem.NO_FILTER_CHAIN):
        tls = answer.downstream_tls
        if tls is not None and tls.terminates_tls and _mutual(answer, call.mtls_secret) != (call.tls == "mtls"):
            return Result(error=MTLS_ERROR, listener=listener, filter_chain=chain.name)
    if answer.tcp is not None:
        return Result(listener=listener, filter_chain=chain.name, cluster=answer.tcp.configured)
    http = answer.http
    if http is None or http.table is None:
        return so_far
    host, route = http.virtual_host, http.route
    return Result(
        error=TLS_REDIRECT if http.tls_required else error,
        listener=listener,
        filter_chain=chain.name,
        route_config=http.table.name if http.table.source == "rds" else "",
        virtual_host=host.name if host is not None else "",
        route=route.name if route is not None else "",
        cluster=_cluster(http.action),
    )


def _mutual(answer: Trace, secret: str) -> bool:
    tls = answer.downstream_tls
    return tls is not None and tls.requires_client_certificate and tls.certificates[:1] == (secret,)


def _cluster(action: object) -> str:
    """The cluster that the route itself names; weighted clusters are none."""
    return action.cluster if isinstance(action, Forward) and action.specifier == "cluster" else ""


_last: list[tuple[object, Resources]] = []


def trace_call(dump: Mapping[str, Mapping[str, Any]], call: Mapping[str, Any]) -> dict[str, str]:
    """A probe of `../shared/reference` (a row's `call`) through one proxy's dump, as compare.py wants its answer."""
    if not _last or _last[0][0] is not dump:
        # Calls come in runs over one dump; reading it again for each of them would be most of the time.
        _last[:] = [(dump, resources_of(dump))]
    headers = tuple((str(k), str(v)) for k, v in call.get("headers", {}).items())
    result = simulate(
        _last[0][1],
        Call(
            port=call["port"],
            protocol=call.get("protocol", "tcp"),
            tls=call.get("tls", "plaintext"),
            address=call.get("address", ""),
            host=call.get("host", ""),
            path=call.get("path", "/"),
            headers=headers,
            sni=call.get("sni", ""),
            mode=call.get("mode", ""),
        ),
    )
    names = {"filter_chain": "filterChain", "route_config": "routeConfig", "virtual_host": "virtualHost"}
    return {names.get(f, f): getattr(result, f) for f in result.__struct_fields__}
