# SPDX-License-Identifier: Apache-2.0
"""Whatever the reference configurations compile to, the real Envoy takes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any as Message

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)

from lateen.compile.proxy import snapshot
from lateen.envoy.blob import Blob, pack
from tests.conformance.compiled import workload_of
from tests.conformance.documents import load
from tests.envoy_validation import refusal

_BATCH = 400
_SHARE = 6
"""Every how many cases one is taken: all of them take 20 s."""


class Resources:
    """The different resources of many snapshots: most proxies and cases share most of them."""

    def __init__(self) -> None:
        self.listeners: dict[bytes, Message] = {}
        self.clusters: dict[bytes, Message] = {}
        self.tables: dict[tuple[bytes, ...], Message] = {}

    def add(self, documents: str, mesh: str | None, rows: list[dict[str, str]]) -> None:
        """Everything that the proxies get for these documents."""
        db = load(documents, mesh).db
        for row in rows:
            found = snapshot(db, workload_of(row))
            for layer in found.listeners:
                self.listeners.update((b.body, Listener.FromString(b.body)) for b in layer.values())
            for layer in found.clusters:
                self.clusters.update((b.body, Cluster.FromString(b.body)) for b in layer.values())
            for table, layers in found.virtual_hosts.items():
                self._add_table(table, [blob for layer in layers for blob in layer.values()])

    def _add_table(self, name: str, hosts: list[Blob]) -> None:
        """A route table inside a listener, which is how it can be validated."""
        key = tuple(blob.body for blob in hosts)
        if key in self.tables:
            return
        manager = HttpConnectionManager(stat_prefix=name)
        manager.route_config.validate_clusters.value = False
        manager.route_config.virtual_hosts.extend(VirtualHost.FromString(body) for body in key)
        router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
        manager.http_filters.add(name="envoy.filters.http.router").typed_config.type_url = router["@type"]
        message: Message = Listener(name=name)
        message.address.socket_address.address = "127.0.0.1"
        chain = message.filter_chains.add()
        chain.filters.add(name="http").typed_config.CopyFrom(pack(manager))
        self.tables[key] = message


def _batches(found: dict[object, Message]) -> Iterator[list[Message]]:
    messages = list(found.values())
    return (messages[start : start + _BATCH] for start in range(0, len(messages), _BATCH))


def test_every_listener_cluster_and_route_table(shared: Path, tmp_path: Path) -> None:
    reference = shared / "reference"
    world = (reference / "worlds/shop.yaml").read_text()
    rows = json.loads((reference / "worlds/shop.json").read_text())
    found = Resources()
    for case in sorted(reference.glob("*/*/config.yaml"))[::_SHARE]:
        mesh = case.parent / "mesh.yaml"
        found.add(f"{world}\n---\n{case.read_text()}", mesh.read_text() if mesh.exists() else None, rows)
    for listeners in (*_batches({**found.listeners}), *_batches({**found.tables})):
        assert refusal(tmp_path, listeners=listeners) == ""
    for clusters in _batches({**found.clusters}):
        assert refusal(tmp_path, clusters=clusters) == ""
