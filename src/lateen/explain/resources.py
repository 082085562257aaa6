# SPDX-License-Identifier: Apache-2.0
"""One proxy's Envoy resources, read and prepared when they are first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any as Message

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2

from lateen.explain.any_message import UnreadableError, from_json, unpack
from lateen.explain.listener import CompiledListener, Listeners
from lateen.explain.route_table import RouteTable

Given = Mapping[str, Message]
"""Resources by name: protobuf messages, or mappings of proto3 JSON."""


class Resources:
    """Listeners, route tables, clusters and endpoints of one proxy.

    A route table holds its virtual hosts. A resource that cannot be read counts as absent; `unreadable` says why, by
    (kind, name), for those that have been asked for. The resources must not change afterwards.
    """

    def __init__(self, *, listeners: Given, routes: Given, clusters: Given, endpoints: Given) -> None:
        self._given = {"listener": listeners, "route table": routes, "cluster": clusters, "endpoints": endpoints}
        self._read: dict[tuple[str, str], Message | None] = {}
        self._tables: dict[str, RouteTable] = {}
        self._inline: dict[int, tuple[Message, RouteTable]] = {}
        self._filters: dict[int, tuple[Message, tuple[tuple[str, str, Message | None], ...]]] = {}
        self.unreadable: dict[tuple[str, str], str] = {}

    @cached_property
    def listeners(self) -> Listeners:
        """All listeners, by address."""
        names = self._given["listener"]
        read = (self._message("listener", name, listener_pb2.Listener) for name in names)
        return Listeners(CompiledListener(message) for message in read if message is not None)

    def table_of(self, manager: Message) -> RouteTable | None:
        """The route table that an HttpConnectionManager holds or names."""
        match manager.WhichOneof("route_specifier"):
            case "route_config":
                kept = self._inline.get(id(manager))
                if kept is None:
                    # Kept with its manager, so that the identity cannot pass to another object.
                    kept = self._inline[id(manager)] = (manager, RouteTable(manager.route_config))
                return kept[1]
            case "rds":
                return self.table(manager.rds.route_config_name)
        return None

    def table(self, name: str) -> RouteTable | None:
        """A route table by name."""
        if name not in self._tables:
            message = self._message("route table", name, route_pb2.RouteConfiguration)
            if message is None:
                return None
            self._tables[name] = RouteTable(message)
        return self._tables[name]

    def cluster(self, name: str) -> Message | None:
        """A cluster by name."""
        return self._message("cluster", name, cluster_pb2.Cluster)

    def assignment(self, name: str) -> Message | None:
        """The endpoints of an EDS service by name."""
        return self._message("endpoints", name, endpoint_pb2.ClusterLoadAssignment)

    def filters(self, chain: Message) -> tuple[tuple[str, str, Message | None], ...]:
        """A filter chain's network filters: name, type, message (None if it is not known)."""
        kept = self._filters.get(id(chain))
        if kept is None:
            unpacked = tuple((f.name, *unpack(f.typed_config)) for f in chain.filters)
            kept = self._filters[id(chain)] = (chain, unpacked)
        return kept[1]

    def _message(self, kind: str, name: str, cls: Message) -> Message | None:
        key = (kind, name)
        if key not in self._read:
            given = self._given[kind].get(name)
            try:
                self._read[key] = from_json(cls, given) if isinstance(given, Mapping) else given
            except UnreadableError as error:
                self.unreadable[key] = str(error)
                self._read[key] = None
        return self._read[key]
