# SPDX-License-Identifier: Apache-2.0
"""A snapshot's resources as messages, in the form in which Envoy validates them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)

from lateen.envoy.extension import http_filter, network_filter
from lateen.envoy.route_table import inline_table
from lateen.envoy.snapshot import Snapshot


def clusters(found: Snapshot) -> Iterator[Cluster]:
    """The clusters."""
    return (Cluster.FromString(blob.body) for layer in found.clusters for blob in layer.values())


def listeners(found: Snapshot) -> Iterator[Listener]:
    """The listeners."""
    return (Listener.FromString(blob.body) for layer in found.listeners for blob in layer.values())


def tables(found: Snapshot) -> Iterator[RouteConfiguration]:
    """The route tables with their virtual hosts inside."""
    for layer in found.routes:
        for name, blob in layer.items():
            layers = found.virtual_hosts.get(name, ())
            hosts = [VirtualHost.FromString(host.body) for part in layers for host in part.values()]
            yield inline_table(name, hosts) if layers else RouteConfiguration.FromString(blob.body)


def table_listeners(found: Snapshot) -> Iterator[Listener]:
    """A listener for each route table, which is inside it."""
    for table in tables(found):
        yield table_listener(table)


def table_listener(table: Any) -> Listener:
    """A listener with a route table inside it."""
    manager = HttpConnectionManager(
        stat_prefix="t", route_config=table, http_filters=[http_filter("envoy.filters.http.router", Router())]
    )
    listener = Listener(name=f"table {table.name}")
    listener.address.socket_address.address = "127.0.0.1"
    listener.address.socket_address.port_value = 1
    listener.filter_chains.add().filters.append(
        network_filter("envoy.filters.network.http_connection_manager", manager)
    )
    return listener
