# SPDX-License-Identifier: Apache-2.0
"""Filters that look at a connection's first bytes and addresses, by which its filter chain is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any as Message

from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.listener.http_inspector.v3 import http_inspector_pb2
from envoy.extensions.filters.listener.original_dst.v3 import original_dst_pb2
from envoy.extensions.filters.listener.original_src.v3 import original_src_pb2
from envoy.extensions.filters.listener.proxy_protocol.v3 import proxy_protocol_pb2
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2

from lateen.envoy.extension import listener_filter

ORIGINAL_DESTINATION = "envoy.filters.listener.original_dst"
ORIGINAL_SOURCE = "envoy.filters.listener.original_src"
TLS_INSPECTOR = "envoy.filters.listener.tls_inspector"
HTTP_INSPECTOR = "envoy.filters.listener.http_inspector"
PROXY_PROTOCOL = "envoy.filters.listener.proxy_protocol"

_FIRST_READ = 512
"""Bytes that the TLS inspector asks for at first: most ClientHellos fit, and it grows by itself."""

_MARK = 1337
"""Socket mark of connections that the redirection leaves alone."""


def _ports(ports: Sequence[int]) -> Message:
    """The connections to any of `ports`."""
    rules = [{"destination_port_range": {"start": port, "end": port + 1}} for port in ports]
    if len(rules) == 1:
        return listener_components_pb2.ListenerFilterChainMatchPredicate(**rules[0])
    return listener_components_pb2.ListenerFilterChainMatchPredicate(or_match={"rules": rules})


def _limited(filter_: Message, disabled_on: Sequence[int], only_on: Sequence[int]) -> Message:
    if only_on:
        filter_.filter_disabled.CopyFrom(
            listener_components_pb2.ListenerFilterChainMatchPredicate(not_match=_ports(only_on))
        )
    elif disabled_on:
        filter_.filter_disabled.CopyFrom(_ports(disabled_on))
    return filter_


def original_destination() -> Message:
    """Finds the address that the client meant before the connection was redirected."""
    return listener_filter(ORIGINAL_DESTINATION, original_dst_pb2.OriginalDst())


def original_source() -> Message:
    """Has the upstream see the client's own address (TPROXY)."""
    return listener_filter(ORIGINAL_SOURCE, original_src_pb2.OriginalSrc(mark=_MARK))


def tls_inspector(*, disabled_on: Sequence[int] = (), only_on: Sequence[int] = ()) -> Message:
    """Tells TLS from other bytes, and reads server name and ALPN; on all ports, all but some, or only some."""
    inspector = tls_inspector_pb2.TlsInspector(initial_read_buffer_size={"value": _FIRST_READ})
    return _limited(listener_filter(TLS_INSPECTOR, inspector), disabled_on, only_on)


def http_inspector(*, disabled_on: Sequence[int] = ()) -> Message:
    """Tells plain HTTP/1 and HTTP/2 from other bytes; comes after the TLS inspector, for it skips what is TLS."""
    return _limited(listener_filter(HTTP_INSPECTOR, http_inspector_pb2.HttpInspector()), disabled_on, ())


def proxy_protocol() -> Message:
    """Takes the client's address from a PROXY protocol header in front of the connection's bytes."""
    return listener_filter(PROXY_PROTOCOL, proxy_protocol_pb2.ProxyProtocol())
