# SPDX-License-Identifier: Apache-2.0
"""The listeners of a gateway: one for each port and address that its servers ask for."""

from __future__ import annotations

from typing import Any as Message

from lateen.compile.clusters.client import client_of
from lateen.compile.gateways.auto_passthrough import auto_passthrough_chains
from lateen.compile.gateways.http_chain import http_chain, https_chain
from lateen.compile.gateways.merge import ServerPort, merged_gateways
from lateen.compile.gateways.server import GatewayServer
from lateen.compile.gateways.tcp_chain import tcp_chain
from lateen.compile.gateways.tls_chain import TakenNames, tls_chains
from lateen.compile.listeners.bind import wildcards
from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.listeners.logs import listener_access_log
from lateen.compile.listeners.tcp_route import Client
from lateen.compile.mesh import mesh
from lateen.compile.services.instances import ServiceTarget
from lateen.compile.services.protocol import parse_protocol
from lateen.compile.workload import Scope
from lateen.envoy.blob import Blob, blob
from lateen.envoy.listener import OUTBOUND, listener, listener_name
from lateen.envoy.listener_filter import proxy_protocol, tls_inspector
from lateen.incremental.engine import Engine, collection, query
from lateen.model.networking.server_tls import ServerTLSMode

Group = tuple[ServerPort, tuple[GatewayServer, ...]]


@query
def port_listeners(db: Engine, scope: Scope, groups: tuple[Group, ...]) -> dict[str, Blob]:
    """The listeners of one port, by name: one for each address. They are made together because rules for one address
    can stand in the way of those for another."""
    client = Client(scope.namespace, scope.labels, None, client_of(scope).families)
    chains: dict[tuple[str, ...], list[Message]] = {}
    port = groups[0][0].port
    taken = TakenNames()
    ending: dict[GatewayServer, Message | None] = {}
    # What ends TLS goes by its own hosts, and before what passes TLS on, which goes by the names in rules.
    for key, servers in groups:
        if not parse_protocol(key.protocol).is_http:
            prefix = _prefix(scope, key)
            ending |= {s: _ending_chain(db, client, s, prefix, taken) for s in servers if not s.passes_through}
    for key, servers in groups:
        found = chains.setdefault(_binds(scope, key), [])
        if parse_protocol(key.protocol).is_http:
            found.append(http_chain(db, servers[0], _prefix(scope, key)))
            continue
        for server in servers:
            if not server.passes_through:
                found.extend(chain for chain in (ending[server],) if chain is not None)
            elif server.tls is not None and server.tls.mode is ServerTLSMode.AUTO_PASSTHROUGH:
                found.extend(auto_passthrough_chains(db, scope, server))
            else:
                found.extend(tls_chains(db, client, server, taken))
    return {
        listener_name(binds[0], port): _listener(db, binds, port, found) for binds, found in chains.items() if found
    }


def _binds(scope: Scope, key: ServerPort) -> tuple[str, ...]:
    return (key.bind,) if key.bind else wildcards(client_of(scope).families)


def _prefix(scope: Scope, key: ServerPort) -> str:
    """The prefix of statistics."""
    return f"outbound_{listener_name(_binds(scope, key)[0], key.port)}"


def _ending_chain(db: Engine, client: Client, server: GatewayServer, prefix: str, taken: TakenNames) -> Message | None:
    """The chain of a server where TLS ends, or where there is none."""
    chain = https_chain(db, server, prefix) if server.terminates_https else tcp_chain(db, client, server)
    if chain is None or server.tls is None:
        return chain
    return chain if taken.take_all(db, server) else None


def _listener(db: Engine, binds: tuple[str, ...], port: int, chains: list[Message]) -> Blob:
    topology = mesh(db).default_config.gateway_topology
    filters = []
    if topology is not None and topology.proxy_protocol is not None:
        filters.append(proxy_protocol())
    if any(chain.filter_chain_match.server_names or chain.HasField("transport_socket") for chain in chains):
        filters.append(tls_inspector())
    name = listener_name(binds[0], port)
    message = listener(
        name,
        binds,
        port,
        direction=OUTBOUND,
        filter_chains=chains,
        listener_filters=filters,
        access_log=listener_access_log(db, ListenerKind.GATEWAY),
    )
    return blob(name, message)


@query
def gateway_listener(db: Engine, scope: Scope, groups: tuple[Group, ...], name: str) -> Blob | None:
    """One listener of a port; None if no rule gives it anything to do."""
    return port_listeners(db, scope, groups).get(name)


@collection(gateway_listener)
def gateway_listeners(
    db: Engine, scope: Scope, targets: tuple[ServiceTarget, ...]
) -> dict[str, tuple[Scope, tuple[Group, ...], str]]:
    """The listeners of a gateway behind these Service ports."""
    by_port: dict[int, list[Group]] = {}
    for group in merged_gateways(db, scope.labels, targets).groups:
        by_port.setdefault(group[0].port, []).append(group)
    wildcard = wildcards(client_of(scope).families)[0]
    return {
        name: (scope, tuple(groups), name)
        for port, groups in by_port.items()
        for name in (listener_name(key.bind or wildcard, port) for key, _ in groups)
    }
