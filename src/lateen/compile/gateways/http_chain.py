# SPDX-License-Identifier: Apache-2.0
"""The filter chains of servers that route requests: HTTP in plain text, and HTTPS that ends at the gateway."""

from __future__ import annotations

from typing import Any as Message

from lateen.compile.gateways.server import GatewayServer
from lateen.compile.gateways.server_tls import server_tls_socket
from lateen.compile.listeners.connection_manager import connection_manager_settings, suppresses_debug_headers
from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.listeners.logs import http_access_log
from lateen.compile.services.service import Protocol
from lateen.envoy.filter_chain import ChainMatch, filter_chain
from lateen.envoy.http_connection_manager import http_connection_manager
from lateen.envoy.http_filters import http_filters, router
from lateen.incremental.engine import Engine

HANDSHAKE_TIMEOUT = 15
"""Seconds for a TLS handshake; Istio sets it on every chain of a gateway."""


def http_chain(db: Engine, server: GatewayServer, stat_prefix: str) -> Message:
    """The chain of a server of plain HTTP; all such servers of one port share it."""
    return filter_chain([_manager(db, server, stat_prefix)], handshake_timeout=HANDSHAKE_TIMEOUT)


def https_chain(db: Engine, server: GatewayServer, stat_prefix: str) -> Message:
    """The chain of an HTTPS server, chosen by the TLS server name."""
    assert server.tls is not None
    return filter_chain(
        [_manager(db, server, stat_prefix)],
        match=ChainMatch(server_names=server.server_names),
        transport_socket=server_tls_socket(db, server.tls),
        handshake_timeout=HANDSHAKE_TIMEOUT,
    )


def _manager(db: Engine, server: GatewayServer, stat_prefix: str) -> Message:
    kind = ListenerKind.GATEWAY
    return http_connection_manager(
        connection_manager_settings(db, kind),
        stat_prefix=stat_prefix,
        routes=server.route_table,
        http_filters=http_filters(
            outbound=True,
            router=router(suppress_debug_headers=suppresses_debug_headers(db)),
            grpc_web=server.protocol is Protocol.GRPC_WEB,
        ),
        access_log=http_access_log(db, kind),
        http1_options=True,
    )
