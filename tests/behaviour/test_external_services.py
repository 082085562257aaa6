# SPDX-License-Identifier: Apache-2.0
"""ServiceEntries of every resolution, reached by real sidecars."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.backend import VIP
from tests.behaviour.certificates import self_signed
from tests.compile.listeners.sidecars import document, entry
from tests.mesh.traffic import ask_bytes, echo, http_server
from tests.mesh_namespaces import Mesh, Pod


async def server(mesh: Mesh, name: str, tls: ssl.SSLContext | None = None) -> Pod:
    """A pod outside of the mesh that serves HTTP on 8080, on 8443 bytes in TLS if given."""
    pod = await mesh.pod(name, sidecar=False)
    await pod.serve(8080, http_server(name))
    if tls is not None:
        await pod.serve(8443, echo, tls=tls)
    return pod


async def answers(client: Pod, host: str, expected: set[str]) -> None:
    """Wait until these servers, and after that no others, answer for `host`."""
    assert client.sidecar is not None

    async def ask() -> str:
        answer = await client.get(VIP, 8080, host=host)
        return str(answer.seen["server"]) if answer.status == 200 else ""

    async def some() -> bool:
        return await ask() in expected

    await client.sidecar.wait_until(some)
    assert {await ask() for _ in range(12)} == expected


def named(resolution: str, *addresses: str, host: str = "api.test", **spec: Any) -> str:
    ends: dict[str, Any] = {"endpoints": [{"address": a} for a in addresses]} if addresses else {}
    return entry("api", host, port=8080, protocol="HTTP", resolution=resolution, **ends, **spec)


async def test_a_name_is_looked_up(mesh: Mesh) -> None:
    vendor = await server(mesh, "vendor")
    mesh.resolve("api.test", vendor.address)
    client = await mesh.pod("client")
    await mesh.apply(named("DNS"))
    await answers(client, "api.test", {"vendor"})


@pytest.mark.parametrize("resolution", ["DNS", "DNS_ROUND_ROBIN"])
async def test_the_names_of_endpoints_are_looked_up(mesh: Mesh, resolution: str) -> None:
    one, two = await server(mesh, "one"), await server(mesh, "two")
    mesh.resolve("one.test", one.address)
    mesh.resolve("two.test", two.address)
    client = await mesh.pod("client")
    ends = ("one.test", "two.test") if resolution == "DNS" else ("one.test",)
    await mesh.apply(named(resolution, *ends))
    await answers(client, "api.test", {"one", "two"} if resolution == "DNS" else {"one"})


async def test_a_name_with_several_addresses_uses_them_all(mesh: Mesh) -> None:
    for name in ("one", "two"):
        mesh.resolve("api.test", (await server(mesh, name)).address)
    client = await mesh.pod("client")
    await mesh.apply(named("DNS"))
    await answers(client, "api.test", {"one", "two"})


async def test_addresses_need_no_lookup(mesh: Mesh) -> None:
    one, two = await server(mesh, "one"), await server(mesh, "two")
    client = await mesh.pod("client")
    await mesh.apply(named("STATIC", one.address, two.address))
    await answers(client, "api.test", {"one", "two"})


async def test_each_name_under_a_wildcard_is_looked_up_of_its_own(mesh: Mesh, tmp_path: Path) -> None:
    contexts = {}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        serving, trusting = self_signed(tmp_path / name, f"{name}.vendor.test")
        pod = await server(mesh, name, serving)
        mesh.resolve(f"{name}.vendor.test", pod.address)
        contexts[name] = trusting
    client = await mesh.pod("client")
    tls = entry("tls", "*.vendor.test", port=8443, protocol="TLS", resolution="DYNAMIC_DNS")
    await mesh.apply(named("DYNAMIC_DNS", host="*.vendor.test"), tls)
    for name, trusting in contexts.items():
        # Without a port a dynamic forward proxy takes 80.
        await answers(client, f"{name}.vendor.test:8080", {name})
        connect = client.connect(VIP, 8443, tls=trusting, server_name=f"{name}.vendor.test")
        assert await ask_bytes(connect, b"?") == b"echo ?"


async def test_a_server_may_have_a_unix_socket_instead_of_an_address(mesh: Mesh, sockets: Path) -> None:
    listening = await asyncio.start_unix_server(http_server("local"), sockets / "api.sock")
    client = await mesh.pod("client")
    await mesh.apply(named("STATIC", f"unix://{sockets}/api.sock"))
    await answers(client, "api.test", {"local"})
    listening.close()


async def test_pods_selected_by_labels_serve_an_entry(mesh: Mesh) -> None:
    inside = await mesh.pod("inside", labels={"role": "api"})
    await inside.serve(8080, http_server("inside"))
    client = await mesh.pod("client")
    selected = named("STATIC", location="MESH_INTERNAL", workloadSelector={"labels": {"role": "api"}})
    await mesh.apply(selected)
    await answers(client, "api.test", {"inside"})


async def test_a_server_behind_a_load_balancer_learns_of_the_client_by_the_proxy_protocol(mesh: Mesh) -> None:
    heard: list[bytes] = []

    async def listen(reader: Any, writer: Any) -> None:
        heard.append(await reader.readuntil(b"hello"))
        writer.write(b"thanks")
        writer.close()

    balanced, client = await mesh.pod("balanced", sidecar=False), await mesh.pod("client")
    await balanced.serve(9000, listen)
    end = {"resolution": "STATIC", "endpoints": [{"address": balanced.address}]}
    rule = {"host": "raw.test", "trafficPolicy": {"proxyProtocol": {"version": "V1"}}}
    await mesh.apply(
        entry("raw", "raw.test", port=9000, protocol="TCP", addresses=(VIP,), **end),
        document("DestinationRule", "raw", rule),
    )
    assert await client.exchange(VIP, 9000, b"hello") == b"thanks"
    first, _, rest = heard[0].partition(b"\r\n")
    assert (first.split()[:3], rest) == ([b"PROXY", b"TCP4", client.address.encode()], b"hello")
