# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1, HTTP/2, gRPC and bytes through real sidecars, on ports that say what they speak and ports that do not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.behaviour.certificates import self_signed
from tests.compile.listeners.sidecars import document, endpoints, entry, service
from tests.mesh.traffic import echo, greet, http_server
from tests.mesh_namespaces import Mesh, Pod

HOST = "server.default.svc.cluster.local"
VIP = "10.96.0.1"
BYTES = b"\x00\x00\x00\x2aneither TLS nor HTTP, as the first byte says"


async def serving(mesh: Mesh, *ports: tuple[str, int]) -> tuple[Pod, Pod]:
    """A client, and a server whose Service has ports of these names and numbers."""
    client, server = await mesh.pod("client"), await mesh.pod("server")
    slices = [endpoints("server", name, port, server.address) for name, port in ports]
    named = [text.replace('"server-0"', f'"server-{at}"') for at, text in enumerate(slices)]
    await mesh.apply(service("server", VIP, *ports), *named)
    return client, server


@pytest.mark.parametrize("mode", ["STRICT", "PERMISSIVE", "DISABLE"])
@pytest.mark.parametrize("name", ["http", "http2", "grpc", ""])
async def test_requests_arrive_as_requests(mesh: Mesh, name: str, mode: str) -> None:
    client, server = await serving(mesh, (name, 8080))
    await mesh.apply(document("PeerAuthentication", "mode", {"mtls": {"mode": mode}}))
    await server.serve(8080, http_server("server"))
    expected = {"http": ("1.1", "1.1"), "http2": ("2", "2"), "grpc": ("2", "2"), "": ("1.1", "2")}[name]
    old = await client.get(VIP, 8080, host=HOST)
    new = await client.get2(VIP, 8080, host=HOST)
    assert (old.status, new.status) == (200, 200)
    assert (old.seen["http"], new.seen["http"]) == expected
    for answer in (old, new):
        # Only a proxy that has read the request as one adds this, and only of a certificate that it has verified.
        certificate = answer.seen["headers"].get("x-forwarded-client-cert", "")
        assert ("spiffe://cluster.local/ns/default/sa/client" in certificate) is (mode != "DISABLE")
    if name != "http":
        called = await client.call(VIP, 8080, host=HOST, method="/greeter.Greeter/Greet", message=b"hello")
        assert (called.status, called.body, called.trailers["grpc-status"]) == (200, b"hello", "0")


@pytest.mark.parametrize("mode", ["STRICT", "PERMISSIVE", "DISABLE"])
async def test_bytes_arrive_as_they_were_sent(mesh: Mesh, mode: str) -> None:
    client, server = await serving(mesh, ("tcp", 9000), ("tcp-first", 9001), ("", 9002))
    await mesh.apply(document("PeerAuthentication", "mode", {"mtls": {"mode": mode}}))
    await server.serve(9000, echo)
    await server.serve(9001, greet)
    await server.serve(9002, echo)
    assert await client.exchange(VIP, 9000, BYTES) == b"echo " + BYTES
    assert await client.exchange(VIP, 9002, BYTES) == b"echo " + BYTES
    assert await client.exchange(VIP, 9001) == b"hello"


async def test_a_server_that_speaks_first_needs_a_limit_of_detection_where_its_port_says_nothing(
    start_mesh: Callable[..., Awaitable[Mesh]],
) -> None:
    mesh = await start_mesh("protocolDetectionTimeout: 100ms")
    client, server = await serving(mesh, ("", 9001))
    await server.serve(9001, greet)
    assert await client.exchange(VIP, 9001) == b"hello"


async def test_bytes_and_requests_share_a_port_without_an_address(mesh: Mesh) -> None:
    client, web, raw = (
        await mesh.pod("client"),
        await mesh.pod("web", sidecar=False),
        await mesh.pod("raw", sidecar=False),
    )
    await web.serve(7000, http_server("web"))
    await raw.serve(7000, echo)
    for name, pod, protocol in (("web", web, "HTTP"), ("raw", raw, "TCP")):
        await mesh.apply(
            entry(
                name,
                f"{name}.test",
                port=7000,
                protocol=protocol,
                resolution="STATIC",
                endpoints=[{"address": pod.address}],
            )
        )
    assert (await client.get("10.96.0.9", 7000, host="web.test")).seen["server"] == "web"
    assert await client.exchange("10.96.0.9", 7000, BYTES) == b"echo " + BYTES


@pytest.mark.parametrize("protocol", ["HTTP", "HTTP2", ""])
async def test_tls_origination_towards_a_server_that_insists_on_alpn(mesh: Mesh, protocol: str, tmp_path: Path) -> None:
    """The sidecar encrypts for the application; the names of the mesh are no business of a server outside of it."""
    offered: list[str | None] = []
    served = http_server("outside")

    async def insisting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session: ssl.SSLObject = writer.get_extra_info("ssl_object")
        offered.append(session.selected_alpn_protocol())
        if offered[-1] is None:
            writer.close()
            return
        await served(reader, writer)

    context, _ = self_signed(tmp_path, "outside.test")
    context.set_alpn_protocols(["istio-h2", "istio-http/1.1", "istio", "h2", "http/1.1"])
    client, outside = await mesh.pod("client"), await mesh.pod("outside", sidecar=False)
    await outside.serve(443, insisting, tls=context)
    origination = {"mode": "SIMPLE", "sni": "outside.test", "caCertificates": str(tmp_path / "certificate.pem")}
    port = {"number": 80, "name": protocol.lower() or "any", "targetPort": 443} | (
        {"protocol": protocol} if protocol else {}
    )
    await mesh.apply(
        document(
            "ServiceEntry",
            "outside",
            {
                "hosts": ["outside.test"],
                "addresses": ["10.99.0.1"],
                "ports": [port],
                "resolution": "STATIC",
                "endpoints": [{"address": outside.address}],
            },
        ),
        document("DestinationRule", "outside", {"host": "outside.test", "trafficPolicy": {"tls": origination}}),
    )
    expected = ("h2", "h2") if protocol == "HTTP2" else ("http/1.1", "http/1.1" if protocol else "h2")
    assert (await client.get("10.99.0.1", 80, host="outside.test")).status == 200
    assert (await client.get2("10.99.0.1", 80, host="outside.test")).status == 200
    assert tuple(dict.fromkeys(offered)) == tuple(dict.fromkeys(expected))
