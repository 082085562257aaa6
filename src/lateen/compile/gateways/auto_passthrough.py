# SPDX-License-Identifier: Apache-2.0
"""The filter chains of AUTO_PASSTHROUGH servers: one for each cluster that the server name can spell out.

Only the mesh's own TLS gets through, by its application protocols; what is inside the mesh is all that it reaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any as Message

from lateen.compile.gateways.http_chain import HANDSHAKE_TIMEOUT
from lateen.compile.gateways.server import GatewayServer
from lateen.compile.hosts import subset_of
from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.listeners.tcp_route import TcpRoute, connection_settings, tcp_route_filters
from lateen.compile.services.registry import service
from lateen.compile.services.service import Protocol
from lateen.compile.sidecar_scope.services import scoped_services
from lateen.compile.traffic_policy.destination_rule import destination_rule
from lateen.compile.workload import Scope
from lateen.envoy.alpn import DOWNSTREAM_ANY
from lateen.envoy.filter_chain import ChainMatch, filter_chain
from lateen.envoy.names import outbound_server_name
from lateen.incremental.engine import Engine


def auto_passthrough_chains(db: Engine, scope: Scope, server: GatewayServer) -> Iterator[Message]:
    """The chains of all services of the mesh that the server's hosts cover, and of their subsets."""
    for hostname, scoped in scoped_services(db, scope).items():
        declared = service(db, scoped.key)
        if declared is None or declared.external or declared.alias_of:
            continue
        if not any(subset_of(hostname, name) for name in server.server_names):
            continue
        rule = destination_rule(db, scope.namespace, scope.labels, hostname, scoped.key.namespace)
        subsets = ("", *(subset.name for subset in rule.subsets)) if rule is not None else ("",)
        for port in declared.ports:
            if port.protocol is Protocol.UDP:
                continue
            for subset in subsets:
                name = outbound_server_name(port.number, subset, hostname)
                route = TcpRoute(
                    clusters=((name, 0),),
                    stat_prefix=name,
                    settings=connection_settings(db, scope.namespace, scope.labels, scoped.key, subset),
                    mongo=port.protocol is Protocol.MONGO,
                )
                yield filter_chain(
                    tcp_route_filters(db, route, ListenerKind.GATEWAY),
                    match=ChainMatch(server_names=(name,), applications=DOWNSTREAM_ANY),
                    handshake_timeout=HANDSHAKE_TIMEOUT,
                )
