# SPDX-License-Identifier: Apache-2.0
"""Listeners that a Sidecar asks for: Unix sockets, ports on loopback, ingress to other ports and sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.compile.listeners.sidecars import document, endpoints, service
from tests.mesh.traffic import ask_bytes, ask_http1, echo, http_server
from tests.mesh_namespaces import Mesh, Pod

BYTES = b"\x00\x00\x00\x2aneither TLS nor HTTP, as the first byte says"
WEB = "web.default.svc.cluster.local"


def socket_at(path: Path) -> Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]:
    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(str(path))

    return connect


async def web_and_client(mesh: Mesh) -> tuple[Pod, Pod]:
    client, web = await mesh.pod("client"), await mesh.pod("web")
    await web.serve(8080, http_server("web"))
    await web.serve(9000, echo)
    await mesh.apply(
        service("web", "10.96.0.1", ("http", 80), ("tcp", 9000)).replace('"targetPort": 80', '"targetPort": 8080'),
        endpoints("web", "http", 8080, web.address),
        endpoints("web", "tcp", 9000, web.address).replace('"web-0"', '"web-1"'),
    )
    return client, web


async def test_unix_sockets_lead_into_the_mesh(mesh: Mesh, sockets: Path) -> None:
    _, _ = await web_and_client(mesh)
    await mesh.apply(
        document(
            "Sidecar",
            "client",
            {
                "workloadSelector": {"labels": {"app": "client"}},
                "egress": [
                    {
                        "port": {"number": 0, "protocol": "HTTP", "name": "http"},
                        "bind": f"unix://{sockets}/web.sock",
                        "hosts": ["./*"],
                    },
                    {
                        "port": {"number": 0, "protocol": "TCP", "name": "tcp"},
                        "bind": f"unix://{sockets}/raw.sock",
                        "hosts": [f"./{WEB}"],
                    },
                ],
            },
        ),
        document(
            "VirtualService",
            "raw",
            {
                "hosts": [WEB],
                "tcp": [{"route": [{"destination": {"host": WEB, "port": {"number": 9000}}}]}],
            },
        ),
    )
    answer = await ask_http1(socket_at(sockets / "web.sock"), f"{WEB}:80")
    assert (answer.status, answer.seen["server"]) == (200, "web")
    assert "spiffe://cluster.local/ns/default/sa/client" in answer.seen["headers"]["x-forwarded-client-cert"]
    assert await ask_bytes(socket_at(sockets / "raw.sock"), BYTES) == b"echo " + BYTES


async def test_a_port_on_loopback_needs_no_redirection(mesh: Mesh) -> None:
    client, _ = await web_and_client(mesh)
    await mesh.apply(
        document(
            "Sidecar",
            "client",
            {
                "workloadSelector": {"labels": {"app": "client"}},
                "egress": [
                    {
                        "port": {"number": 80, "protocol": "HTTP", "name": "http"},
                        "bind": "127.0.0.1",
                        "captureMode": "NONE",
                        "hosts": ["./*"],
                    }
                ],
            },
        )
    )
    assert (await client.get("127.0.0.1", 80, host=WEB)).seen["server"] == "web"


async def test_ingress_replaces_the_ports_of_services(mesh: Mesh, sockets: Path) -> None:
    client, web = await web_and_client(mesh)
    await web.serve(8081, http_server("elsewhere"))
    server = await asyncio.start_unix_server(http_server("socket"), sockets / "app.sock")
    await mesh.apply(
        document(
            "Sidecar",
            "web",
            {
                "workloadSelector": {"labels": {"app": "web"}},
                "ingress": [
                    {"port": {"number": 8080, "protocol": "HTTP", "name": "http"}, "defaultEndpoint": "0.0.0.0:8081"},
                    {
                        "port": {"number": 9000, "protocol": "HTTP", "name": "http-socket"},
                        "defaultEndpoint": f"unix://{sockets}/app.sock",
                    },
                ],
            },
        )
    )
    assert (await client.get("10.96.0.1", 80, host=WEB)).seen["server"] == "elsewhere"
    assert (await client.get("10.96.0.1", 9000, host=WEB)).seen["server"] == "socket"
    server.close()


async def test_the_http_proxy_port_takes_absolute_urls(start_mesh: Callable[..., Awaitable[Mesh]]) -> None:
    mesh = await start_mesh("proxyHttpPort: 15080")
    client, _ = await web_and_client(mesh)
    answer = await ask_http1(client.connect("127.0.0.1", 15080), WEB, path=f"http://{WEB}/x")
    assert (answer.seen["server"], answer.seen["path"]) == ("web", "/x")
