# SPDX-License-Identifier: Apache-2.0
"""Listener filters: what they find out about a connection before its filter chain is chosen."""

from __future__ import annotations

from enum import Enum
from typing import Any as Message

from msgspec import Struct
from msgspec.structs import replace

from lateen.explain.any_message import unpack
from lateen.explain.connection import Connection
from lateen.explain.decision import Failure, ListenerFilter, Problem
from lateen.explain.request import HTTP2, HTTP10, Request

_PACKAGE = "envoy.extensions.filters.listener."
ORIGINAL_DST = _PACKAGE + "original_dst.v3.OriginalDst"
_TLS_INSPECTOR = _PACKAGE + "tls_inspector.v3.TlsInspector"
_HTTP_INSPECTOR = _PACKAGE + "http_inspector.v3.HttpInspector"
_PROXY_PROTOCOL = _PACKAGE + "proxy_protocol.v3.ProxyProtocol"

_DEFAULT_TIMEOUT = 15.0


class Bytes(Enum):
    """What an inspector reads first."""

    TLS = "TLS"
    HTTP = "HTTP"
    OTHER = "neither TLS nor HTTP"
    NOTHING = "nothing"


class Step(Struct, frozen=True):
    """The state after the listener filters, what each of them did, and the failure if one ended the connection."""

    connection: Connection
    filters: tuple[ListenerFilter, ...]
    header_read: bool
    failure: Failure | None = None


def run(listener: Message, connection: Connection, request: Request, header_read: bool) -> Step:
    """The listener's filters, in order. `header_read`: the PROXY header (if any) is behind us already."""
    done: list[ListenerFilter] = []
    filters = [(f, *_typed(f)) for f in listener.listener_filters]
    if listener.use_original_dst.value and not any(kind == ORIGINAL_DST for _, kind, _ in filters):
        connection, found = _original_destination(connection, request)
        done.append(ListenerFilter("use_original_dst", found))
    for f, kind, message in filters:
        if f.HasField("filter_disabled") and disabled(f.filter_disabled, connection.local.port):
            done.append(ListenerFilter(f.name, f"disabled for port {connection.local.port}", disabled=True))
            continue
        first = _first_bytes(request, header_read)
        if kind == ORIGINAL_DST:
            connection, found = _original_destination(connection, request)
        elif kind in (_TLS_INSPECTOR, _HTTP_INSPECTOR) and first is Bytes.NOTHING:
            return _waited(listener, f.name, Step(connection, tuple(done), header_read))
        elif kind == _TLS_INSPECTOR:
            connection, found = _tls(connection, request, first)
        elif kind == _HTTP_INSPECTOR:
            connection, found = _http(connection, request, first)
        elif kind == _PROXY_PROTOCOL:
            allowed = message is not None and message.allow_requests_without_proxy_protocol
            if request.proxy_protocol is None and not allowed:
                failure = Failure(Problem.LISTENER_FILTER, f"{f.name}: the connection begins with no PROXY header")
                return Step(connection, (*done, ListenerFilter(f.name, "no PROXY header")), header_read, failure)
            connection, found = _proxy_protocol(connection, request)
            header_read = True
        else:
            found = "not looked into"
        done.append(ListenerFilter(f.name, found))
    return Step(connection, tuple(done), header_read)


def disabled(predicate: Message, port: int) -> bool:
    """Whether a ListenerFilterChainMatchPredicate holds for a destination port."""
    match predicate.WhichOneof("rule"):
        case "or_match":
            return any(disabled(p, port) for p in predicate.or_match.rules)
        case "and_match":
            return all(disabled(p, port) for p in predicate.and_match.rules)
        case "not_match":
            return not disabled(predicate.not_match, port)
        case "any_match":
            return bool(predicate.any_match)
        case "destination_port_range":
            return bool(predicate.destination_port_range.start <= port < predicate.destination_port_range.end)
    return False


def _typed(config: Message) -> tuple[str, Message | None]:
    return unpack(config.typed_config) if config.HasField("typed_config") else ("", None)


def _first_bytes(request: Request, header_read: bool) -> Bytes:
    if request.proxy_protocol is not None and not header_read:
        return Bytes.OTHER
    if request.tls is not None:
        return Bytes.TLS
    if request.http is not None:
        return Bytes.HTTP
    return Bytes.OTHER if request.speaks_first else Bytes.NOTHING


def _timeout(listener: Message) -> float:
    """Seconds that inspectors wait for the client's first bytes; 0 = for ever."""
    if not listener.HasField("listener_filters_timeout"):
        return _DEFAULT_TIMEOUT
    return float(listener.listener_filters_timeout.ToTimedelta().total_seconds())


def _waited(listener: Message, name: str, step: Step) -> Step:
    """What a client that says nothing meets: the later filters are skipped, or the connection ends."""
    timeout = _timeout(listener)
    found = f"waits {timeout:g} s for the client's first bytes" if timeout else "waits for the client's first bytes"
    step = replace(step, filters=(*step.filters, ListenerFilter(name, found)))
    if timeout and listener.continue_on_listener_filters_timeout:
        return step
    failure = Failure(Problem.LISTENER_FILTER, "the client sends nothing before the server does")
    return replace(step, failure=failure)


def _original_destination(connection: Connection, request: Request) -> tuple[Connection, str]:
    if request.redirected_to is None or connection.restored:
        return connection, "the connection was not redirected"
    return replace(connection, local=request.destination, restored=True), f"it was meant for {request.destination}"


def _tls(connection: Connection, request: Request, first: Bytes) -> tuple[Connection, str]:
    if first is not Bytes.TLS or request.tls is None:
        return connection, f"no TLS: {first.value}"
    found = replace(
        connection,
        transport_protocol="tls",
        application_protocols=request.tls.alpn or connection.application_protocols,
        server_name=request.tls.server_name.lower(),
    )
    offered = ", ".join(request.tls.alpn) or "none"
    return found, f"TLS, server name {found.server_name or 'none'}, application protocols {offered}"


def _http(connection: Connection, request: Request, first: Bytes) -> tuple[Connection, str]:
    if connection.transport_protocol not in ("", "raw_buffer"):
        return connection, f"skipped: {connection.transport_protocol}"
    if first is not Bytes.HTTP or request.http is None:
        return connection, f"no HTTP: {first.value}"
    protocol = {HTTP10: "http/1.0", HTTP2: "h2c"}.get(request.http.version, "http/1.1")
    return replace(connection, application_protocols=(protocol,)), protocol


def _proxy_protocol(connection: Connection, request: Request) -> tuple[Connection, str]:
    header = request.proxy_protocol
    if header is None:
        return connection, "no PROXY header, which is allowed"
    changed = header.destination != connection.local
    local = header.destination if changed else connection.local
    found = replace(connection, source=header.source, local=local, restored=connection.restored or changed)
    return found, f"from {header.source} to {header.destination}"
