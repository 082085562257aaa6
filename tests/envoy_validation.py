# SPDX-License-Identifier: Apache-2.0
"""Whether the real Envoy takes resources: `envoy --mode validate`, many resources in one run, for a run costs 60 ms."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from envoy.config.bootstrap.v3.bootstrap_pb2 import Bootstrap
from google.protobuf.json_format import MessageToJson

from lateen.envoy.checks import LARGEST_REGEX
from lateen.envoy.sds import SDS_CLUSTER
from lateen.node.envoy_binary import envoy_binary
from tests.envoy_process import grpc_cluster

_BASE_PORT = 1024


def refusal(folder: Path, listeners: Iterable[Any] = (), clusters: Iterable[Any] = ()) -> str:
    """What Envoy says against these listeners and clusters (messages); empty if it takes them all.

    They may come from several proxies: each listener gets a name and an address of its own, so that only what is inside
    counts. Route tables and secrets that they refer to are not needed.
    """
    bootstrap = Bootstrap()
    for index, message in enumerate(listeners):
        listener = bootstrap.static_resources.listeners.add()
        listener.CopyFrom(message)
        listener.name = f"{index}: {message.name}"
        _move(listener.address, index, 0)
        for place, additional in enumerate(listener.additional_addresses, 1):
            _move(additional.address, index, place)
    for index, message in enumerate(clusters):
        cluster = bootstrap.static_resources.clusters.add()
        cluster.CopyFrom(message)
        cluster.name = f"{index}: {message.name}"
    config = MessageToJson(bootstrap)
    path = folder / "bootstrap.json"
    path.write_text(_with_control_plane(config))
    command = [
        str(envoy_binary()),
        "--mode",
        "validate",
        "-c",
        str(path),
        "--service-node",
        "n",
        "--service-cluster",
        "c",
    ]
    done = subprocess.run([*command, "-l", "error"], capture_output=True, text=True, timeout=120, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _move(address: Any, index: int, place: int) -> None:
    if address.HasField("pipe"):
        return
    socket = address.socket_address
    port = _BASE_PORT + index % 60_000
    if ":" in socket.address:
        socket.address = f"fd00::{place + 1:x}"
    else:
        socket.address = f"127.{place + 1}.{index // 60_000}.1"
    socket.port_value = port


def _with_control_plane(config: str) -> str:
    document = json.loads(config)
    document["dynamicResources"] = {
        "adsConfig": {
            "apiType": "DELTA_GRPC",
            "transportApiVersion": "V3",
            "grpcServices": [{"envoyGrpc": {"clusterName": "xds"}}],
        }
    }
    limits = {"re2.max_program_size.error_level": LARGEST_REGEX}
    document["layeredRuntime"] = {"layers": [{"name": "limits", "staticLayer": limits}]}
    servers = [grpc_cluster(name, "127.0.0.1:1") for name in ("xds", SDS_CLUSTER)]
    document.setdefault("staticResources", {}).setdefault("clusters", []).extend(servers)
    return json.dumps(document)
