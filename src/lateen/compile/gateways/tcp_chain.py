# SPDX-License-Identifier: Apache-2.0
"""The filter chains of servers that route connections, in plain text or after TLS ends: the first rule counts."""

from __future__ import annotations

from typing import Any as Message

from lateen.compile.gateways.host_match import may_carry
from lateen.compile.gateways.http_chain import HANDSHAKE_TIMEOUT
from lateen.compile.gateways.rules import rule_hosts, rules_of
from lateen.compile.gateways.server import GatewayServer
from lateen.compile.gateways.server_tls import server_tls_socket
from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.listeners.tcp_route import Client, TcpRoute, rule_route, tcp_route_filters
from lateen.compile.routing.virtual_service import complete
from lateen.compile.services.service import Protocol
from lateen.envoy.filter_chain import ChainMatch, filter_chain
from lateen.incremental.engine import Engine
from lateen.model.networking.l4_route import L4MatchAttributes, TLSMatchAttributes


def tcp_chain(db: Engine, client: Client, server: GatewayServer) -> Message | None:
    """The chain of a TCP server, or of a TLS server that ends TLS; None if no rule routes its connections."""
    route = _route(db, client, server)
    if route is None:
        return None
    filters = tcp_route_filters(db, route, ListenerKind.GATEWAY)
    if server.tls is None:
        return filter_chain(filters, handshake_timeout=HANDSHAKE_TIMEOUT)
    return filter_chain(
        filters,
        match=ChainMatch(server_names=server.server_names),
        transport_socket=server_tls_socket(db, server.tls),
        handshake_timeout=HANDSHAKE_TIMEOUT,
    )


def _route(db: Engine, client: Client, server: GatewayServer) -> TcpRoute | None:
    for ref in rules_of(db, server.gateway, client.namespace):
        if not may_carry(server.hosts, ref.namespace, rule_hosts(db, ref)):
            continue
        spec = complete(db, ref)
        for tcp in spec.tcp if spec is not None else ():
            if tcp.route and (not tcp.match or any(l4_match(match, server) for match in tcp.match)):
                mongo = server.protocol is Protocol.MONGO
                return rule_route(db, client, tcp.route, ref, server.number, mongo=mongo)
    return None


def l4_match(match: L4MatchAttributes | TLSMatchAttributes, server: GatewayServer) -> bool:
    """Whether a match can hold for connections to a server. On gateways only port and gateway count."""
    if match.port and match.port != server.number:
        return False
    return not match.gateways or server.gateway in match.gateways
