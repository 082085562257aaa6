# SPDX-License-Identifier: Apache-2.0
"""Small Envoy resources, and `World`: what one proxy should hold, to be edited and published."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.config_source_pb2 import ConfigSource
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)

from lateen.envoy.blob import Blob, blob, pack
from lateen.envoy.snapshot import Snapshot
from lateen.incremental.table import Table


def ads() -> ConfigSource:
    source = ConfigSource(resource_api_version="V3")
    source.ads.SetInParent()
    source.initial_fetch_timeout.SetInParent()
    return source


def eds_cluster(name: str, *, connect_timeout: int = 1) -> Blob:
    cluster = Cluster(name=name, type="EDS")
    cluster.connect_timeout.seconds = connect_timeout
    cluster.eds_cluster_config.eds_config.CopyFrom(ads())
    cluster.eds_cluster_config.service_name = name
    return blob(name, cluster)


def invalid_cluster(name: str) -> Blob:
    """A cluster that breaks a constraint of its message (connect_timeout has to be positive)."""
    cluster = Cluster(name=name, type="STATIC")
    cluster.connect_timeout.SetInParent()
    return blob(name, cluster)


def impossible_cluster(name: str) -> Blob:
    """A cluster that keeps the constraints of its message but cannot be built (a subset load balancer of subsets)."""
    cluster = Cluster(name=name, type="STRICT_DNS", lb_policy="CLUSTER_PROVIDED")
    cluster.connect_timeout.seconds = 1
    return blob(name, cluster)


def endpoints(name: str, *addresses: tuple[str, int]) -> Blob:
    assignment = ClusterLoadAssignment(cluster_name=name)
    locality = assignment.endpoints.add()
    for address, port in addresses:
        socket = locality.lb_endpoints.add().endpoint.address.socket_address
        socket.address, socket.port_value = address, port
    return blob(name, assignment)


def rds_listener(name: str, table: str, *, port: int = 0) -> Blob:
    """A listener on a port of Envoy's choice, whose route table is called `table`."""
    manager = HttpConnectionManager(stat_prefix=name)
    manager.rds.route_config_name = table
    manager.rds.config_source.CopyFrom(ads())
    manager.http_filters.add(name="envoy.filters.http.router").typed_config.CopyFrom(pack(Router()))
    listener = Listener(name=name)
    listener.address.socket_address.address = "127.0.0.1"
    listener.address.socket_address.port_value = port
    chain = listener.filter_chains.add()
    chain.filters.add(name="envoy.filters.network.http_connection_manager").typed_config.CopyFrom(pack(manager))
    return blob(name, listener)


def invalid_listener(name: str) -> Blob:
    """A listener that keeps the constraints of its message but cannot be built: its filter does not exist."""
    listener = Listener(name=name)
    listener.address.socket_address.address = "127.0.0.1"
    listener.address.socket_address.port_value = 0
    listener.filter_chains.add().filters.add(name="no.such.filter")
    return blob(name, listener)


def vhds_table(name: str, *, limit: int = 0) -> Blob:
    """A route table that takes its virtual hosts over VHDS; `limit` only makes versions differ."""
    table = RouteConfiguration(name=name)
    table.vhds.config_source.CopyFrom(ads())
    if limit:
        table.max_direct_response_body_size_bytes.value = limit
    return blob(name, table)


def invalid_table(name: str) -> Blob:
    """A VHDS table that keeps the constraints of its message but cannot be used (a second host for all domains)."""
    table = RouteConfiguration.FromString(vhds_table(name).body)
    for host in ("one", "two"):
        table.virtual_hosts.add(name=host, domains=["*"])
    return blob(name, table)


def inline_table(name: str, status: int = 200) -> Blob:
    table = RouteConfiguration(name=name)
    host = table.virtual_hosts.add(name="all", domains=["*"])
    route = host.routes.add()
    route.match.prefix = "/"
    route.direct_response.status = status
    return blob(name, table)


def answering_host(table: str, name: str, domains: Iterable[str], body: str) -> Blob:
    """A virtual host of `table` that answers every request with 200 and `body`."""
    return _host(table, name, domains, lambda route: _answer(route, body))


def routing_host(table: str, name: str, domains: Iterable[str], cluster: str) -> Blob:
    """A virtual host of `table` that sends every request to `cluster`."""

    def forward(route: Any) -> None:
        route.route.cluster = cluster

    return _host(table, name, domains, forward)


def _answer(route: Any, body: str) -> None:
    route.direct_response.status = 200
    route.direct_response.body.inline_string = body


def _host(table: str, name: str, domains: Iterable[str], act: Callable[[Any], None]) -> Blob:
    host = VirtualHost(name=f"{table}/{name}", domains=domains)
    route = host.routes.add()
    route.match.prefix = "/"
    act(route)
    return blob(host.name, host)


class World:
    """The resources of one proxy in dicts, for tests to edit; `snapshot` makes a new generation of shared tables."""

    def __init__(self) -> None:
        self.clusters: dict[str, Blob] = {}
        self.endpoints: dict[str, Blob] = {}
        self.listeners: dict[str, Blob] = {}
        self.routes: dict[str, Blob] = {}
        self.hosts: dict[str, dict[str, Blob]] = {}

    def add(self, *blobs: Blob) -> None:
        for item in blobs:
            kind = item.type_url.rpartition(".")[2]
            if kind == "VirtualHost":
                self.hosts.setdefault(item.name.rpartition("/")[0], {})[item.name] = item
                continue
            {
                "Cluster": self.clusters,
                "ClusterLoadAssignment": self.endpoints,
                "Listener": self.listeners,
                "RouteConfiguration": self.routes,
            }[kind][item.name] = item

    def table(self, name: str, *hosts: Blob) -> None:
        """A listener and a VHDS table, both called `name`, with these virtual hosts."""
        self.add(rds_listener(name, name), vhds_table(name), *hosts)
        self.hosts.setdefault(name, {})

    def snapshot(self) -> Snapshot:
        return Snapshot(
            clusters=(Table(dict(self.clusters)),),
            endpoints=(Table(dict(self.endpoints)),),
            listeners=(Table(dict(self.listeners)),),
            routes=(Table(dict(self.routes)),),
            virtual_hosts={name: (Table(dict(hosts)),) for name, hosts in self.hosts.items()},
        )
