# SPDX-License-Identifier: Apache-2.0
"""Strict and permissive mutual TLS between real sidecars, and with clients outside of the mesh."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

import pytest

from tests.behaviour.certificates import self_signed
from tests.compile.listeners.sidecars import document, endpoints, service
from tests.mesh.traffic import ask_bytes, echo, greet, http_server
from tests.mesh_namespaces import Mesh, Pod

HELLO = b"hello, is there anybody?"
"""Long enough for the TLS inspector to see that it is no TLS: it would wait for more than two bytes."""

SPIFFE_CLIENT = "URI=spiffe://cluster.local/ns/default/sa/client"


async def pods(mesh: Mesh) -> tuple[Pod, Pod, Pod]:
    """A client with a sidecar, one without, a server of HTTP (8080), of bytes (9000, 7071) and undeclared (7070)."""
    client, stranger, server = (
        await mesh.pod("client"),
        await mesh.pod("stranger", sidecar=False),
        await mesh.pod("server"),
    )
    await server.serve(8080, http_server("server"))
    await server.serve(9000, echo)
    await server.serve(7070, http_server("server"))
    await server.serve(7071, greet)
    ports = (("http", 8080), ("tcp", 9000), ("", 7070), ("tcp-greet", 7071))
    for number, (name, port) in enumerate(ports):
        label = f"server-{number}"
        await mesh.apply(
            service(label, f"10.96.0.{number + 1}", (name, port), app="server"),
            endpoints(label, name, port, server.address),
        )
    return client, stranger, server


def mutual_tls(mode: str, ports: dict[int, str] | None = None) -> str:
    spec = {"selector": {"matchLabels": {"app": "server"}}, "mtls": {"mode": mode}}
    if ports:
        spec["portLevelMtls"] = {str(port): {"mode": of} for port, of in ports.items()}
    return document("PeerAuthentication", "server", spec)


async def test_strict_keeps_strangers_out_and_serves_the_mesh(mesh: Mesh) -> None:
    client, stranger, server = await pods(mesh)
    await mesh.apply(mutual_tls("STRICT"))
    answer = await client.get("10.96.0.1", 8080, host="server-0")
    assert (answer.status, answer.headers["server"]) == (200, "envoy")
    assert SPIFFE_CLIENT in answer.seen["headers"]["x-forwarded-client-cert"]
    assert await client.exchange("10.96.0.2", 9000, HELLO) == b"echo " + HELLO
    sniffed = await client.get("10.96.0.3", 7070, host="server-2")
    assert SPIFFE_CLIENT in sniffed.seen["headers"]["x-forwarded-client-cert"]
    assert await client.exchange("10.96.0.4", 7071) == b"hello"
    for port in (8080, 9000, 7070):
        assert await stranger.exchange(server.address, port, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n") == b""


async def test_permissive_serves_both_and_tells_them_apart(mesh: Mesh) -> None:
    client, stranger, server = await pods(mesh)
    known = await client.get("10.96.0.1", 8080, host="server-0")
    assert SPIFFE_CLIENT in known.seen["headers"]["x-forwarded-client-cert"]
    unknown = await stranger.get(server.address, 8080, host="server-0")
    assert (unknown.status, unknown.headers["server"]) == (200, "istio-envoy")
    assert "x-forwarded-client-cert" not in unknown.seen["headers"]
    assert await stranger.exchange(server.address, 9000, HELLO) == b"echo " + HELLO
    assert await client.exchange("10.96.0.2", 9000, HELLO) == b"echo " + HELLO
    assert (await stranger.get(server.address, 7070, host="server-2")).status == 200
    assert await client.exchange("10.96.0.4", 7071) == b"hello"


async def test_one_port_may_differ(mesh: Mesh) -> None:
    client, stranger, server = await pods(mesh)
    await mesh.apply(mutual_tls("STRICT", {8080: "DISABLE"}))
    assert (await stranger.get(server.address, 8080, host="server-0")).status == 200
    plain = await client.get("10.96.0.1", 8080, host="server-0")
    assert "x-forwarded-client-cert" not in plain.seen["headers"]
    assert await stranger.exchange(server.address, 9000, HELLO) == b""
    assert await client.exchange("10.96.0.2", 9000, HELLO) == b"echo " + HELLO


async def test_ports_that_no_service_names_follow_the_same_rules(mesh: Mesh) -> None:
    client, stranger, server = await pods(mesh)
    await server.serve(5555, echo)
    assert await stranger.exchange(server.address, 5555, HELLO) == b"echo " + HELLO
    assert await client.exchange(server.address, 5555, HELLO) == b"echo " + HELLO
    await mesh.apply(mutual_tls("STRICT"))
    assert await stranger.exchange(server.address, 5555, HELLO) == b""


@pytest.mark.parametrize("mode", ["PERMISSIVE", "DISABLE"])
async def test_tls_of_the_application_passes_unopened(mesh: Mesh, mode: str, tmp_path: Path) -> None:
    serving, trusting = self_signed(tmp_path, "secure.test")
    client, server = await mesh.pod("client"), await mesh.pod("server")
    await server.serve(8443, echo, tls=serving)
    await mesh.apply(
        service("server", "10.96.0.1", ("https", 8443)),
        endpoints("server", "https", 8443, server.address),
        mutual_tls(mode),
    )
    connect = client.connect("10.96.0.1", 8443, tls=trusting, server_name="secure.test")
    assert await ask_bytes(connect, HELLO) == b"echo " + HELLO


async def test_a_certificate_of_another_authority_is_refused(mesh: Mesh, tmp_path: Path) -> None:
    client, stranger, server = await pods(mesh)
    await mesh.apply(mutual_tls("STRICT"))
    self_signed(tmp_path, "intruder.test")
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    own.check_hostname, own.verify_mode = False, ssl.CERT_NONE
    own.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    # With TLS 1.3 the client learns of it after its own handshake: by an alert, or by the end of the connection.
    with contextlib.suppress(ssl.SSLError):
        assert await ask_bytes(stranger.connect(server.address, 9000, tls=own, server_name="server"), HELLO) == b""
    sidecar = server.sidecar
    assert sidecar is not None
    await sidecar.wait_until(lambda: sidecar.stat("listener.0.0.0.0_15006.ssl.fail_verify_error"))
    assert await client.exchange("10.96.0.2", 9000, HELLO) == b"echo " + HELLO
