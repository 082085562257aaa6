# SPDX-License-Identifier: Apache-2.0
"""The filter chains of one inbound port."""

from __future__ import annotations

from typing import Any as Message

from lateen.compile.listeners.connection_manager import connection_manager_settings, suppresses_debug_headers
from lateen.compile.listeners.inbound_match import InboundMatch, inbound_matches
from lateen.compile.listeners.inbound_plan import InboundPort
from lateen.compile.listeners.inbound_routes import inbound_routes
from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.listeners.logs import http_access_log
from lateen.compile.listeners.mutual_tls import mutual_tls_socket
from lateen.compile.listeners.outbound_http import plain_http
from lateen.compile.listeners.tcp_route import TcpRoute, tcp_route_filters
from lateen.compile.services.service import Protocol
from lateen.envoy.filter_chain import ChainMatch, filter_chain
from lateen.envoy.http_connection_manager import http_connection_manager
from lateen.envoy.http_filters import http_filters, router
from lateen.envoy.listener import VIRTUAL_INBOUND, listener_name
from lateen.envoy.metadata import config_path, metadata
from lateen.incremental.engine import Engine

KIND = ListenerKind.SIDECAR_INBOUND
CATCH_ALL_HTTP = "virtualInbound-catchall-http"


def inbound_chains(db: Engine, port: InboundPort) -> list[Message]:
    """The chains of `port`, one for each kind of connection that it accepts."""
    return [_chain(db, port, match) for match in inbound_matches(port.protocol, port.mode, plain_http(db))]


def _chain(db: Engine, port: InboundPort, match: InboundMatch) -> Message:
    if port.passthrough:
        name = CATCH_ALL_HTTP if match.http else VIRTUAL_INBOUND
    else:
        name = listener_name(port.binds[0], port.number)
    return filter_chain(
        [_requests(db, port)] if match.http else _bytes(db, port),
        match=ChainMatch(destination_port=port.number, transport=match.transport, applications=match.applications),
        name=name,
        transport_socket=mutual_tls_socket(db) if match.terminates else None,
        metadata=metadata(config=config_path(port.sidecar)) if port.sidecar is not None else None,
    )


def _requests(db: Engine, port: InboundPort) -> Message:
    prefix = port.cluster if port.passthrough else f"inbound_{listener_name(port.binds[0], port.number)}"
    return http_connection_manager(
        connection_manager_settings(db, KIND),
        stat_prefix=f"{prefix};",
        routes=inbound_routes(
            db,
            port.cluster,
            port.host,
            port.service_port,
            retries=port.protocol not in (Protocol.GRPC, Protocol.GRPC_WEB),
        ),
        http_filters=http_filters(
            outbound=False,
            router=router(suppress_debug_headers=suppresses_debug_headers(db)),
            grpc_web=port.protocol is Protocol.GRPC_WEB,
        ),
        access_log=http_access_log(db, KIND),
        http2_options=port.protocol.is_http2,
    )


def _bytes(db: Engine, port: InboundPort) -> list[Message]:
    route = TcpRoute(clusters=((port.cluster, 0),), stat_prefix=port.cluster, mongo=port.protocol is Protocol.MONGO)
    return tcp_route_filters(db, route, KIND)
