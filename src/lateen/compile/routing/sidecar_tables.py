# SPDX-License-Identifier: Apache-2.0
"""The route tables of a sidecar's outbound listeners, and their virtual hosts.

A table is called after its port (`80`), after host and port where the listener serves a single sniffed service
(`auto.default.svc.cluster.local:7070`), after the Unix socket that it listens on, or `http_proxy`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lateen.compile.listeners.catch_all import catch_all
from lateen.compile.mesh import attempt_count, default_retries
from lateen.compile.routing.rule_routes import ResolvedRule, resolve_rule, translate_rule
from lateen.compile.routing.source_match import RouteClient
from lateen.compile.routing.table_plan import PlannedHost, TablePort, table_plan
from lateen.compile.routing.table_services import ALL_PORTS
from lateen.compile.routing.targets import Directions, default_hash_key, service_authority_port
from lateen.compile.services.protocol import parse_protocol
from lateen.compile.services.service import Protocol
from lateen.compile.sidecar_scope.egress_listener import EgressListener, egress_listeners
from lateen.compile.workload import Scope
from lateen.envoy.address import UNIX_PREFIX
from lateen.envoy.authority import require_authority_port
from lateen.envoy.blob import Blob, blob
from lateen.envoy.names import ALLOW_ANY_DYNAMIC_DNS, BLACK_HOLE, outbound_cluster
from lateen.envoy.route_table import delivered_table, virtual_host_resource
from lateen.envoy.virtual_host import (
    ALLOW_ANY,
    ALLOW_ANY_DYNAMIC,
    ANY_DOMAIN,
    BLOCK_ALL,
    catch_all_route,
    default_route,
    virtual_host,
)
from lateen.incremental.engine import Engine, collection, query
from lateen.incremental.table import Table
from lateen.model.networking.load_balancer import ConsistentHashLB

HTTP_PROXY_TABLE = "http_proxy"
"""The table of the mesh's HTTP proxy port."""


class TableName(NamedTuple):
    """What a table's name says."""

    port: int
    """ALL_PORTS for Unix sockets and HTTP proxies."""
    host: str = ""
    """The only host of the table; empty where the table is shared by all hosts of its port."""

    @classmethod
    def parse(cls, name: str) -> TableName | None:
        """The parts of a table's name; None if no sidecar has such a table."""
        if name == HTTP_PROXY_TABLE or name.startswith(UNIX_PREFIX):
            return cls(ALL_PORTS)
        host, _, port = name.rpartition(":")
        return cls(int(port), host.strip("[]")) if port.isdecimal() else None


def egress_listener_for(db: Engine, scope: Scope, table: str) -> EgressListener | None:
    """The egress listener whose table is called `table`: the one for its port or socket, else the catch-all."""
    name = TableName.parse(table)
    if name is None:
        return None
    for listener in egress_listeners(db, scope):
        if listener.port is None:
            return listener
        if listener.port.number == name.port and (name.port != ALL_PORTS or listener.bind == table):
            return listener
    return None


@query
def route_table(db: Engine, table: str) -> Blob | None:
    """A table as it travels: its virtual hosts are resources of their own."""
    return blob(table, delivered_table(table))


@collection(route_table)
def route_tables(db: Engine, names: tuple[str, ...]) -> dict[str, tuple[str]]:
    """The tables of these names, which listeners refer to."""
    return {name: (name,) for name in names}


def virtual_hosts(db: Engine, scope: Scope, table: str) -> tuple[Table[str, Blob], ...]:
    """The virtual hosts of a table, by resource name: those for known hosts, and the one for all others."""
    return (known_hosts(db, scope, table), unknown_hosts(db, scope, table))


@query
def known_host(
    db: Engine, table: str, planned: PlannedHost, client: RouteClient, directions: Directions
) -> Blob | None:
    """The virtual host of one host: the routes of the first rule that has any for the client, whole and alone, else the
    default route to the service. A rule of which Envoy would refuse every route is as good as absent."""
    for rule in planned.rules:
        resolved = resolve_rule(db, rule, client, directions)
        if resolved is not None:
            ruled = ruled_virtual_host(db, table, planned.name, planned.domains, resolved)
            if ruled is not None:
                return ruled
    if planned.service is None:
        return None
    hash_key = default_hash_key(db, directions.scope, planned.service, planned.port)
    named = service_authority_port(db, planned.service, planned.port)
    return plain_virtual_host(db, table, planned.name, planned.domains, planned.hostname, planned.port, hash_key, named)


@collection(known_host)
def known_hosts(db: Engine, scope: Scope, table: str) -> dict[str, tuple[str, PlannedHost, RouteClient, Directions]]:
    """The virtual hosts of a table for the hosts that services and rules name."""
    listener = egress_listener_for(db, scope, table)
    name = TableName.parse(table)
    if listener is None or name is None:
        return {}
    proxy = listener.port is not None and parse_protocol(listener.port.protocol) is Protocol.HTTP_PROXY
    port = ALL_PORTS if proxy else name.port
    client = RouteClient(scope.namespace, port, labels=scope.labels)
    directions = Directions(scope, port, listener.index)
    plan = table_plan(db, TablePort.of(scope, listener.index, port), client)
    hosts = _only_host(plan, table, name) if name.host else plan.values()
    return {virtual_host_resource(table, host.name): (table, host, client, directions) for host in hosts}


def _only_host(plan: dict[str, PlannedHost], table: str, name: TableName) -> Iterator[PlannedHost]:
    """The virtual host of a sniffed service, which then answers to every name."""
    for planned in plan.values():
        if name.host in planned.domains or table in planned.domains:
            yield planned._replace(domains=(ANY_DOMAIN,))
            return


@query
def ruled_virtual_host(
    db: Engine, table: str, name: str, domains: tuple[str, ...], resolved: ResolvedRule
) -> Blob | None:
    """A virtual host with the routes of a VirtualService; None if Envoy would refuse each of them."""
    routes = translate_rule(db, resolved)
    if not routes:
        return None
    resource = virtual_host_resource(table, name)
    return blob(resource, virtual_host(resource, domains, routes, attempt_count=attempt_count(db)))


@query
def plain_virtual_host(
    db: Engine,
    table: str,
    name: str,
    domains: tuple[str, ...],
    host: str,
    port: int,
    hash_key: ConsistentHashLB | None,
    authority_port: int,
) -> Blob:
    """The virtual host of a service that no VirtualService governs. `authority_port` is that of `Target`."""
    route = default_route(host, port, outbound_cluster(port, "", host), default_retries(db), hash_key)
    if authority_port:
        require_authority_port(route.match, authority_port)
    resource = virtual_host_resource(table, name)
    return blob(resource, virtual_host(resource, domains, [route], attempt_count=attempt_count(db)))


@query
def unknown_host(db: Engine, table: str, name: str, cluster: str) -> Blob | None:
    """The virtual host for names that no other one has: to `cluster`, or refused if that is empty."""
    route = catch_all_route(name, cluster)
    resource = virtual_host_resource(table, name)
    return blob(resource, virtual_host(resource, [ANY_DOMAIN], [route], attempt_count=attempt_count(db)))


@collection(unknown_host)
def unknown_hosts(db: Engine, scope: Scope, table: str) -> dict[str, tuple[str, str, str]]:
    """The virtual host of a table for all other hosts; the tables of single hosts have none."""
    name = TableName.parse(table)
    if name is None or name.host or egress_listener_for(db, scope, table) is None:
        return {}
    to = catch_all(db, scope.sidecar)
    virtual_host_name, cluster = ALLOW_ANY, to.cluster
    if to.dynamic_dns:
        virtual_host_name, cluster = ALLOW_ANY_DYNAMIC, ALLOW_ANY_DYNAMIC_DNS
    elif cluster == BLACK_HOLE:
        virtual_host_name, cluster = BLOCK_ALL, ""
    return {virtual_host_resource(table, virtual_host_name): (table, virtual_host_name, cluster)}
