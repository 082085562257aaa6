# SPDX-License-Identifier: Apache-2.0
"""A proxy's resources for people: proto3 JSON, route tables with their virtual hosts inline and Istio's names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from google.protobuf.json_format import MessageToDict

from lateen.envoy.blob import Blob
from lateen.envoy.route_table import inline_table
from lateen.envoy.snapshot import Layer, Snapshot


def dump(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """`clusters`, `endpoints`, `listeners` and `routes`, each by name and in order of the names.

    Envoy's admin API shows the same resources, except that a table's virtual hosts are delivered apart from it.
    """
    return {
        "clusters": _named(Cluster, snapshot.clusters),
        "endpoints": _named(ClusterLoadAssignment, snapshot.endpoints),
        "listeners": _named(Listener, snapshot.listeners),
        "routes": {
            name: MessageToDict(inline_table(name, _hosts(layers)))
            for name, layers in sorted(snapshot.virtual_hosts.items())
        },
    }


def _named(message: Any, layers: Iterable[Layer]) -> dict[str, Any]:
    blobs = {name: blob for layer in layers for name, blob in layer.items()}
    return {name: MessageToDict(message.FromString(blob.body)) for name, blob in sorted(blobs.items())}


def _hosts(layers: Iterable[Layer]) -> list[VirtualHost]:
    blobs: list[Blob] = [blob for layer in layers for blob in layer.values()]
    return [VirtualHost.FromString(blob.body) for blob in blobs]
