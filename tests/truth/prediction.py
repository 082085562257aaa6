# SPDX-License-Identifier: Apache-2.0
"""What `explain` says becomes of a question: through each proxy on its way, up to the application.

Where Envoy draws lots (weights, endpoints, faults for a part of the requests) there are several outcomes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from envoy.extensions.transport_sockets.tls.v3 import tls_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2

from lateen.envoy import alpn
from lateen.explain import Address, ClientTls, HttpRequest, Request, Resources, Trace, trace
from lateen.explain.cluster import usable
from lateen.explain.decision import DirectResponse, Endpoint, Forward, HeaderMutation, Locality, Problem, Redirect
from lateen.explain.request import HTTP2, HTTP11
from tests.mesh.redirection import INBOUND_PORT, OUTBOUND_PORT
from tests.mesh_namespaces import Pod
from tests.truth.outcome import Answered, Closed, Headers, Outcome, ServedBytes, ServedHttp
from tests.truth.question import LOOPBACK, Question
from tests.truth.vocabulary import REQUEST_HEADERS, RESPONSE_HEADERS
from tests.truth.world import GATEWAY, PLAIN_PORTS, SERVERS, TLS_PORT, World

_LOTS = 100
"""Weights in configurations add up to a divisor of this."""
_ABORT = re.compile(r"aborts (\S+) of the requests with (\d+)")
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_DYNAMIC = "envoy.clusters.dynamic_forward_proxy"
_LONGEST_WAY = 4
"""Proxies: more means that a request goes round in circles."""


@dataclass(frozen=True)
class Layer:
    """TLS around something, from the client's side. `trusts`: the names that the server may have; None = any server."""

    tls: ClientTls
    trusts: tuple[str, ...] | None = None

    def accepts(self, identity: str) -> bool:
        """Whether a server with this name in its certificate of the mesh will do. No names asked for: any name."""
        return not self.trusts or identity in self.trusts


@dataclass(frozen=True)
class Flow:
    """What a connection carries: TLS in TLS in ... , and within all of them HTTP or bytes."""

    layers: tuple[Layer, ...] = ()
    http: HttpRequest | None = None
    told: bool = False
    """A proxy has added the client's certificate to the HTTP request."""

    @property
    def tls(self) -> ClientTls | None:
        return self.layers[0].tls if self.layers else None

    @property
    def readable(self) -> HttpRequest | None:
        """The HTTP that a proxy can see once it has taken off the outermost TLS."""
        return self.http if len(self.layers) < 2 else None


class Prediction:
    """The proxies of the world as they are configured now."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._resources: dict[str, Resources] = {}
        self.traces: list[Trace] = []
        """Those made for the last question."""

    def outcomes(self, question: Question) -> list[Outcome]:
        """All that may happen."""
        self.traces = []
        pod = self._world.pods[question.pod]
        flow = Flow((Layer(question.tls),) if question.tls is not None else (), question.http)
        if question.address.ip == pod.address:
            # What an application sends to its own pod stays with it.
            found = [_application(pod, question.address.port, flow)]
        elif question.address.ip == LOOPBACK:
            found = self._through(pod, question.address, None, pod, flow, 0)
        elif pod.sidecar is None:
            found = self._arrive(pod, question.address, flow, 0)
        else:
            found = self._through(pod, question.address, Address("127.0.0.1", OUTBOUND_PORT), pod, flow, 0)
        return list(dict.fromkeys(found))

    def _arrive(self, source: Pod, address: Address, flow: Flow, way: int) -> list[Outcome]:
        """A connection over the network."""
        pod = self._world.owner(address.ip)
        if pod is None or way > _LONGEST_WAY:
            return [Closed()]
        if pod.name == GATEWAY:
            return self._through(pod, address, None, source, flow, way)
        if pod.sidecar is None:
            return [_application(pod, address.port, flow)]
        return self._through(pod, address, Address(pod.address, INBOUND_PORT), source, flow, way)

    def _through(
        self, pod: Pod, address: Address, redirected: Address | None, source: Pod, flow: Flow, way: int
    ) -> list[Outcome]:
        """A connection to the Envoy of `pod`."""
        request = Request(
            destination=address,
            redirected_to=redirected,
            source=Address(source.address, 40000),
            tls=flow.tls,
            http=flow.readable,
        )
        if pod.name not in self._resources:
            self._resources[pod.name] = self._world.resources(pod.name)
        resources = self._resources[pod.name]
        inbound = redirected is not None and redirected.port == INBOUND_PORT
        found = []
        for answer in _drawn(resources, request):
            self.traces.append(answer)
            for outcome in self._after(resources, answer, pod, flow, way, inbound):
                found.append(outcome)
        return found

    def _after(
        self, resources: Resources, answer: Trace, pod: Pod, flow: Flow, way: int, inbound: bool
    ) -> Iterator[Outcome]:
        """What follows from one proxy's decisions."""
        http = answer.http
        if http is not None:
            for filter_ in http.filters:
                if (aborts := _ABORT.search(filter_.effect)) and float(aborts[1]) < 1:
                    yield Answered(int(aborts[2]))
        if answer.failure is not None:
            assert answer.failure.problem is not Problem.NOT_UNDERSTOOD, answer.failure
            status = answer.failure.status if http is not None else None
            if flow.tls is not None and (answer.downstream_tls is None or not answer.downstream_tls.terminates_tls):
                # Whoever waits for TLS cannot read what is said outside of it.
                status = None
            yield Closed() if status is None else Answered(status)
            return
        if http is not None and isinstance(http.action, Redirect):
            yield Answered(http.action.status, http.action.location, None, _changed({}, http.action.response_headers))
            return
        if http is not None and isinstance(http.action, DirectResponse):
            action = http.action
            yield Answered(action.status, action.location, action.body, _changed({}, action.response_headers))
            return
        assert answer.cluster is not None, answer
        assert answer.downstream_tls is not None, answer
        cluster = resources.cluster(answer.cluster.name)
        identity = self._world.identity(pod.name)
        if inbound and answer.downstream_tls.terminates_tls and not flow.layers[0].accepts(identity):
            yield Closed()
            return
        inner = replace(flow, layers=flow.layers[1:]) if answer.downstream_tls.terminates_tls else flow
        if http is not None:
            inner = replace(inner, told=answer.downstream_tls.certificate_validated)
        groups = answer.cluster.localities
        if answer.cluster.type == _DYNAMIC:
            groups = (Locality("", 0, None, self._looked_up(answer)),)
            if not groups[0].endpoints:
                yield Closed() if http is None else Answered(503)
        for group in groups:
            for endpoint in usable(answer.cluster, group) if answer.cluster.priorities else group.endpoints:
                if http is None:
                    sent = _dressed(inner, cluster, endpoint, "", identity)
                    yield from self._forward(pod, endpoint, sent, way, inbound)
                    continue
                forward = http.action
                assert isinstance(forward, Forward), answer
                sent = _sent(inner, forward, cluster, endpoint, identity)
                for outcome in self._forward(pod, endpoint, sent, way, inbound):
                    yield _answered(outcome, forward)

    def _looked_up(self, answer: Trace) -> tuple[Endpoint, ...]:
        """Where a host leads that the proxy looks up itself."""
        assert answer.detected is not None
        if answer.http is None:
            name, port = answer.detected.server_name, answer.detected.destination.rpartition(":")[2]
        else:
            assert isinstance(answer.http.action, Forward)
            name, _, said = (answer.http.action.authority or "").partition(":")
            port = said or "80"
        ip = name if self._world.owner(name) is not None else self._world.names.get(name)
        return () if ip is None else (Endpoint(f"{ip}:{port}"),)

    def _forward(self, pod: Pod, endpoint: Endpoint, flow: Flow, way: int, inbound: bool) -> list[Outcome]:
        ip, _, port = endpoint.address.rpartition(":")
        if inbound:
            # The sidecar's own pod, whatever loopback address stands for it.
            return [_application(pod, int(port), flow)]
        return self._arrive(pod, Address(ip, int(port)), flow, way + 1)


def _drawn(resources: Resources, request: Request) -> list[Trace]:
    """The traces for all numbers that Envoy may draw."""
    first = trace(resources, request)
    shares = first.tcp.shares if first.tcp is not None else ()
    if first.http is not None and isinstance(first.http.action, Forward):
        shares = first.http.action.shares
    if len(shares) < 2:
        return [first]
    found: list[Trace] = []
    for number in range(_LOTS):
        drawn = trace(resources, Request(**_fields(request) | {"random": number}))
        if drawn not in found:
            found.append(drawn)
    return found


def _fields(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__struct_fields__}


def _application(pod: Pod, port: int, flow: Flow) -> Outcome:
    """What the application on a port makes of a connection."""
    secured = port == TLS_PORT
    if pod.name not in SERVERS or port not in (*PLAIN_PORTS, TLS_PORT) or len(flow.layers) != int(secured):
        return Closed()
    if secured and flow.layers[0].trusts is not None:
        # Its certificate is not of the mesh.
        return Closed()
    server = f"{pod.name}:{port}"
    if flow.http is None:
        return ServedBytes(server)
    headers = _kept({k.lower(): v for k, v in flow.http.headers}, REQUEST_HEADERS)
    http = flow.http
    # A target in absolute form stays one if no proxy has looked into the request.
    absolute = f"{http.scheme}://{http.authority}" if http.scheme and http.version != HTTP2 else ""
    return ServedHttp(server, http.method, absolute + http.path, http.authority or "", headers, (), flow.told)


def _answered(outcome: Outcome, forward: Forward) -> Outcome:
    """What the client gets when the proxy has sent its request to where `outcome` happens."""
    match outcome:
        case Closed() | ServedBytes():
            return Answered(503)
        case ServedHttp():
            before = dict(outcome.response_headers)
            return outcome._replace(response_headers=_changed(before, forward.response_headers))
        case Answered(response_headers=before) if before is not None:
            return outcome._replace(response_headers=_changed(dict(before), forward.response_headers))
    return outcome


def _sent(flow: Flow, forward: Forward, cluster: Any, endpoint: Endpoint, identity: str) -> Flow:
    """The request as the upstream gets it."""
    assert flow.http is not None
    headers = _mutated([(name.lower(), value) for name, value in flow.http.headers], forward.headers)
    version = _version(cluster, flow.http.version)
    authority = endpoint.hostname if forward.authority is None else forward.authority
    http = HttpRequest(
        version=version,
        method=flow.http.method,
        authority=authority,
        path=forward.path,
        headers=tuple(headers),
    )
    return _dressed(Flow((), http, flow.told), cluster, endpoint, version, identity)


def _version(cluster: Any, spoken: str) -> str:
    """The HTTP version that a cluster speaks upstream."""
    if _HTTP_OPTIONS not in cluster.typed_extension_protocol_options:
        return HTTP11
    options = http_protocol_options_pb2.HttpProtocolOptions()
    cluster.typed_extension_protocol_options[_HTTP_OPTIONS].Unpack(options)
    if options.HasField("use_downstream_protocol_config"):
        return HTTP2 if spoken == HTTP2 else HTTP11
    return HTTP2 if options.explicit_http_config.HasField("http2_protocol_options") else HTTP11


def _dressed(flow: Flow, cluster: Any, endpoint: Endpoint, version: str, identity: str) -> Flow:
    """`flow` within the TLS of the transport socket that was chosen for the endpoint; `version` of HTTP, if it is."""
    sockets = {m.name: m.transport_socket for m in cluster.transport_socket_matches}
    sockets.setdefault(cluster.transport_socket.name, cluster.transport_socket)
    socket = sockets.get(endpoint.transport_socket)
    context = tls_pb2.UpstreamTlsContext()
    if socket is None or not socket.typed_config.Unpack(context):
        return flow
    common = context.common_tls_context
    offered = tuple(common.alpn_protocols)
    if version and alpn.METADATA in cluster.metadata.filter_metadata:
        names = cluster.metadata.filter_metadata[alpn.METADATA]
        offered = tuple(names["http2" if version == HTTP2 else "http1"].split(","))
    certificate = bool(common.tls_certificate_sds_secret_configs or common.tls_certificates)
    uris = (identity,) if certificate else ()
    tls = ClientTls(server_name=context.sni, alpn=offered, certificate=certificate, uris=uris)
    trusts = None
    if common.WhichOneof("validation_context_type") is not None:
        checks = common.combined_validation_context.default_validation_context
        trusts = tuple(m.exact for m in checks.match_subject_alt_names)
    return replace(flow, layers=(Layer(tls, trusts), *flow.layers))


def _changed(headers: dict[str, str], mutations: tuple[HeaderMutation, ...]) -> Headers:
    """Response headers that the test looks at, after a proxy's changes."""
    return _kept(dict(_mutated(list(headers.items()), mutations)), RESPONSE_HEADERS)


def _mutated(headers: list[tuple[str, str]], mutations: tuple[HeaderMutation, ...]) -> list[tuple[str, str]]:
    """Headers (names in lower case) after these changes."""
    for mutation in mutations:
        name = mutation.name.lower()
        has = any(n == name for n, _ in headers)
        match mutation.operation:
            case "append":
                headers = [*headers, (name, mutation.value)]
            case "add if absent":
                headers = headers if has else [*headers, (name, mutation.value)]
            case "overwrite if present" if not has:
                pass
            case _:
                headers = [(n, v) for n, v in headers if n != name]
                headers += [(name, mutation.value)] if mutation.operation != "remove" else []
    return headers


def _kept(headers: dict[str, str], names: tuple[str, ...]) -> Headers:
    return tuple((name, headers[name]) for name in sorted(names) if name in headers)
