# SPDX-License-Identifier: Apache-2.0
"""Documents in, the Envoy configuration of each proxy out, in the form of the reference cases.

Route tables are shown as Istio has them: with their virtual hosts inline and without the prefix that a virtual host's
name carries on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from google.protobuf.json_format import MessageToDict

from lateen.compile.proxy import snapshot
from lateen.compile.workload import Locality, Role, Workload, labels_of
from lateen.envoy.blob import Blob
from lateen.envoy.snapshot import Layer, Snapshot
from lateen.state.state import State
from tests.conformance.documents import load

_MODULES = {
    "Cluster": "envoy.config.cluster.v3.cluster_pb2",
    "ClusterLoadAssignment": "envoy.config.endpoint.v3.endpoint_pb2",
    "Listener": "envoy.config.listener.v3.listener_pb2",
    "RouteConfiguration": "envoy.config.route.v3.route_pb2",
    "VirtualHost": "envoy.config.route.v3.route_components_pb2",
}


def compile_documents(documents: str, mesh_config: str | None, proxies: list[dict[str, Any]]) -> dict[str, Any]:
    """The configuration of each proxy (a row of `worlds/shop.json`) as `compare.py` describes it."""
    state = load(documents, mesh_config)
    return {row["name"]: resources(state, workload_of(row)) for row in proxies}


def workload_of(row: dict[str, Any]) -> Workload:
    """A proxy as a row of `worlds/shop.json` describes it."""
    return Workload(
        role=Role(row["type"]),
        name=row["name"],
        namespace=row["namespace"],
        ips=(row["ip"], *row.get("ips", ())),
        labels=labels_of(row.get("labels", {})),
        service_account=row.get("serviceAccount", ""),
        locality=Locality(**row.get("locality", {})),
        node=row.get("node", ""),
    )


def resources(state: State, workload: Workload) -> dict[str, dict[str, Any]]:
    """One proxy's resources as proto3 JSON, by kind and name."""
    found = snapshot(state.db, workload)
    return {
        "clusters": _named(found.clusters),
        "endpoints": _named(found.endpoints),
        "listeners": _named(found.listeners),
        "routes": _tables(found),
    }


def _named(layers: Iterable[Layer]) -> dict[str, Any]:
    return {name: as_json(blob) for layer in layers for name, blob in layer.items()}


def _tables(found: Snapshot) -> dict[str, Any]:
    tables = _named(found.routes)
    for name, layers in found.virtual_hosts.items():
        table = tables.get(name)
        if table is None:
            continue
        table.pop("vhds", None)
        hosts = [as_json(blob) for layer in layers for blob in layer.values()]
        for host in hosts:
            host["name"] = shown_name(host["name"], name)
        if hosts:
            table["virtualHosts"] = [*table.get("virtualHosts", ()), *hosts]
    return tables


def shown_name(name: str, table: str) -> str:
    """Istio's name of a virtual host that is called `<table>/<name>` on the wire, its slashes escaped."""
    return name.removeprefix(f"{table}/").replace("%2F", "/")


def as_json(blob: Blob) -> Any:
    """A resource as proto3 JSON."""
    name = blob.type_url.rpartition(".")[2]
    message = getattr(import_module(_MODULES[name]), name)()
    message.ParseFromString(blob.body)
    return MessageToDict(message)
