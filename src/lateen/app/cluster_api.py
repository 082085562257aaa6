# SPDX-License-Identifier: Apache-2.0
"""The part `api`: the embedded Kubernetes API of a cluster."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Mapping
from typing import Any

import uvloop

from lateen.apiserver.server import ApiServer, Config
from lateen.apiserver.store.revision import Key
from lateen.app.cluster_injection import admit
from lateen.app.cluster_layout import RUNTIME, Layout
from lateen.node.netns import API_ADDRESS, SERVICE_NETWORK
from lateen.node.streams import Streams

_FREE_BIND = 15
"""IP_FREEBIND: the address may come later."""


def run_api(layout: Layout, host_socket: socket.socket, told: Callable[[str], None]) -> None:
    """Serve until SIGTERM: on the socket of the host, and at the same port and 10.96.0.1:443 within the cluster."""
    uvloop.run(_serve(layout, host_socket, told))


async def _serve(layout: Layout, host_socket: socket.socket, told: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    port = host_socket.getsockname()[1]
    inside = (_listen("127.0.0.1", port), _listen(API_ADDRESS, 443))
    server: ApiServer

    def find(namespace: str, name: str) -> Mapping[str, Any] | None:
        stored = server.cluster.store.get(Key("pods", namespace, name))
        return stored.document() if stored is not None else None

    server = ApiServer(
        Config(
            data=layout.api,
            port=port,
            listener=host_socket,
            also=inside,
            advertise=(API_ADDRESS, "kubernetes", "kubernetes.default", "kubernetes.default.svc"),
            streams=Streams(find, RUNTIME, layout.logs),
            service_network=SERVICE_NETWORK,
        )
    )
    async with server:
        server.cluster.admission.append(admit)
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        told("api")
        await stop.wait()


def _listen(address: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_IP, _FREE_BIND, 1)
    listening.bind((address, port))
    listening.listen(1024)
    return listening
