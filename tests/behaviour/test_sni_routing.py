# SPDX-License-Identifier: Apache-2.0
"""TLS that the application speaks is routed by server name and passes unopened."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.behaviour.certificates import self_signed
from tests.compile.listeners.sidecars import document, entry
from tests.mesh.traffic import ask_bytes
from tests.mesh_namespaces import Mesh, Pod


class Outside:
    """Two TLS servers outside of the mesh that say who they are, and a client of the mesh."""

    def __init__(self, client: Pod, one: Pod, two: Pod, trust: ssl.SSLContext) -> None:
        self._client = client
        self.one = one
        self.two = two
        self._trust = trust

    async def ask(self, address: str, server_name: str) -> bytes:
        """Who answers a handshake for `server_name` that is sent to `address`."""
        try:
            return await ask_bytes(self._client.connect(address, 443, tls=self._trust, server_name=server_name), b"?")
        except (ssl.SSLError, ConnectionError):
            return b""


async def outside(mesh: Mesh, folder: Path) -> Outside:
    context, trust = self_signed(folder, "*.test")
    trust.check_hostname = False
    client = await mesh.pod("client")
    pods = []
    for name in ("one", "two"):
        pods.append(await mesh.pod(name, sidecar=False))
        await pods[-1].serve(443, _says(name), tls=context)
    return Outside(client, pods[0], pods[1], trust)


def _says(name: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(1)
            writer.write(name.encode())
        except ConnectionError:
            pass
        finally:
            writer.close()

    return serve


def known(name: str, pod: Pod) -> str:
    return entry(
        name, f"{name}.test", port=443, protocol="TLS", resolution="STATIC", endpoints=[{"address": pod.address}]
    )


async def test_names_decide_whatever_address_is_dialled(mesh: Mesh, tmp_path: Path) -> None:
    servers = await outside(mesh, tmp_path)
    await mesh.apply(known("one", servers.one), known("two", servers.two))
    assert await servers.ask("10.99.0.1", "one.test") == b"one"
    assert await servers.ask("10.99.0.1", "two.test") == b"two"
    # Nobody claims this name: it goes where it was sent.
    assert await servers.ask(servers.two.address, "three.test") == b"two"


async def test_a_rule_sends_a_name_elsewhere(mesh: Mesh, tmp_path: Path) -> None:
    servers = await outside(mesh, tmp_path)
    await mesh.apply(known("one", servers.one), known("two", servers.two))
    rule = {"match": [{"sniHosts": ["one.test"], "port": 443}], "route": [{"destination": {"host": "two.test"}}]}
    await mesh.apply(document("VirtualService", "one", {"hosts": ["one.test"], "tls": [rule]}))
    assert await servers.ask("10.99.0.1", "one.test") == b"two"


async def test_registry_only_refuses_names_that_nobody_claims(
    start_mesh: Callable[..., Awaitable[Mesh]], tmp_path: Path
) -> None:
    mesh = await start_mesh("outboundTrafficPolicy: {mode: REGISTRY_ONLY}")
    servers = await outside(mesh, tmp_path)
    await mesh.apply(known("one", servers.one))
    assert await servers.ask(servers.two.address, "one.test") == b"one"
    assert await servers.ask(servers.two.address, "two.test") == b""


@pytest.mark.parametrize("asked", ["a.wild.test", "b.wild.test"])
async def test_a_wildcard_covers_every_name_below_it(mesh: Mesh, tmp_path: Path, asked: str) -> None:
    servers = await outside(mesh, tmp_path)
    wild = entry("wild", "*.wild.test", port=443, protocol="TLS", resolution="NONE")
    rule = {"match": [{"sniHosts": ["*.wild.test"], "port": 443}], "route": [{"destination": {"host": "one.test"}}]}
    await mesh.apply(
        wild, known("one", servers.one), document("VirtualService", "wild", {"hosts": ["*.wild.test"], "tls": [rule]})
    )
    assert await servers.ask("10.99.0.1", asked) == b"one"
