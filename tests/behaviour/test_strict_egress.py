# SPDX-License-Identifier: Apache-2.0
"""Where strict egress sends what a client tries: it may lie about the address, the host, the server name and the port.

Every test dials the intruder. Without the annotation Istio's meaning of `resolution: NONE` lets it through; see
`test_without_strict_egress_the_dialled_address_counts`.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.behaviour.certificates import self_signed
from tests.compile.listeners.sidecars import document
from tests.mesh.traffic import Answer, ask_bytes, http_server
from tests.mesh_namespaces import Handler, Mesh, Pod

ANNOTATION = "lateen.dev/strict-egress"
PORTS = [
    {"number": 8080, "name": "http", "protocol": "HTTP"},
    {"number": 8443, "name": "tls", "protocol": "TLS"},
    {"number": 5432, "name": "tcp", "protocol": "TCP"},
]
NO_ROUTE = (404, 502, 503)
DENIED = "address_denied"


class World(NamedTuple):
    mesh: Mesh
    client: Pod
    intruder: str
    """The address that the client dials."""
    trusting: ssl.SSLContext
    """Trusts vendor.test's certificate alone, for any name."""


def says(name: str) -> Handler:
    """A server that tells its name to whoever writes something."""

    async def serve(reader: Any, writer: Any) -> None:
        await reader.read(1)
        writer.write(name.encode())
        writer.close()

    return serve


@pytest.fixture
async def world(start_mesh: Callable[..., Awaitable[Mesh]], tmp_path: Path) -> World:
    """A client that may reach what is registered; the vendor, who has an internal server on 9090 too; an intruder."""
    mesh = await start_mesh("outboundTrafficPolicy: {mode: REGISTRY_ONLY}")
    pods = {name: await mesh.pod(name, sidecar=False) for name in ("vendor", "intruder")}
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    for name, pod in pods.items():
        (tmp_path / name).mkdir()
        serving, _ = self_signed(tmp_path / name, f"{name}.test")
        await pod.serve(8080, http_server(name))
        await pod.serve(8443, says(name), tls=serving)
        await pod.serve(5432, says(name))
        await pod.serve(9090, http_server(f"{name}'s internal server"))
    trusting.load_verify_locations(tmp_path / "vendor" / "certificate.pem")
    mesh.resolve("api.vendor.test", pods["vendor"].address)
    mesh.resolve("evil.test", pods["intruder"].address)
    client = await mesh.pod("client")
    return World(mesh, client, pods["intruder"].address, trusting)


async def allow(world: World, host: str, strict: str = "true") -> None:
    """Register `host` with resolution NONE."""
    spec = {"hosts": [host], "ports": PORTS, "location": "MESH_EXTERNAL", "resolution": "NONE"}
    await world.mesh.apply(document("ServiceEntry", "vendor", spec, annotations={ANNOTATION: strict}))


async def claim(world: World, host: str) -> Answer:
    return await world.client.get(world.intruder, 8080, host=host)


async def until_served(world: World) -> None:
    """Wait until the vendor's name has been looked up."""

    async def served() -> bool:
        answer = await claim(world, "api.vendor.test:8080")
        return answer.status == 200 and answer.seen["server"] == "vendor"

    assert world.client.sidecar is not None
    await world.client.sidecar.wait_until(served)


async def tls(world: World, server_name: str) -> bytes:
    """Who answers in TLS with the vendor's certificate."""
    connect = world.client.connect(world.intruder, 8443, tls=world.trusting, server_name=server_name)
    try:
        return await ask_bytes(connect, b"?")
    except ssl.SSLError as problem:
        # The intruder would be found out by its certificate: "verify failed".
        assert problem.reason != "CERTIFICATE_VERIFY_FAILED"
        return b""


async def test_without_strict_egress_the_dialled_address_counts(world: World) -> None:
    await allow(world, "api.vendor.test", "false")
    assert (await claim(world, "api.vendor.test")).seen["server"] == "intruder"
    assert await world.client.exchange(world.intruder, 5432, b"?") == b"intruder"


async def test_a_host_that_is_allowed_leads_to_its_own_address(world: World) -> None:
    await allow(world, "api.vendor.test")
    await until_served(world)
    for host in ("api.vendor.test", "api.vendor.test:8080", "API.vendor.test"):
        assert (await claim(world, host)).seen["server"] == "vendor"
    for host in ("evil.test", "api.vendor.test.evil.test", "evil.test:8080", "", world.intruder):
        assert (await claim(world, host)).status in NO_ROUTE
    answer = await claim(world, "api.vendor.test:9090")
    assert answer.status in NO_ROUTE or answer.seen["server"] == "vendor"


async def test_bytes_go_to_the_registered_name_whatever_is_dialled(world: World) -> None:
    await allow(world, "api.vendor.test")
    await until_served(world)
    assert await world.client.exchange(world.intruder, 5432, b"?") == b"vendor"
    assert await world.client.exchange(world.intruder, 9090, b"GET / HTTP/1.0\r\n\r\n") == b""


async def test_a_server_name_leads_to_its_own_address(world: World) -> None:
    await allow(world, "api.vendor.test")
    await until_served(world)
    assert await tls(world, "api.vendor.test") == b"vendor"
    assert await tls(world, "evil.test") == b""


async def test_a_host_under_a_wildcard_is_looked_up(world: World) -> None:
    await allow(world, "*.vendor.test")
    await until_served(world)
    for host in ("evil.test", "vendor.test.evil.test", "api.vendor.test.evil.test:8080", world.intruder):
        assert (await claim(world, host)).status in NO_ROUTE
    for host in ("evil.test@api.vendor.test", "evil.test#.vendor.test", "evil.test/.vendor.test", "@.vendor.test"):
        assert (await claim(world, host)).status in (*NO_ROUTE, 400)


async def test_a_host_under_a_wildcard_cannot_name_another_port(world: World) -> None:
    await allow(world, "*.vendor.test")
    await until_served(world)
    for port in (9090, 5432, 8443, 80808):
        assert (await claim(world, f"api.vendor.test:{port}")).status in NO_ROUTE


async def test_a_server_name_under_a_wildcard_is_looked_up(world: World) -> None:
    await allow(world, "*.vendor.test")

    async def served() -> bool:
        return await tls(world, "api.vendor.test") == b"vendor"

    assert world.client.sidecar is not None
    await world.client.sidecar.wait_until(served)
    assert await tls(world, "evil.test") == b""


async def logged(world: World, host: str) -> str:
    """What the access log says of requests for `host`, after one."""
    assert (await claim(world, host)).status in NO_ROUTE
    assert world.client.sidecar is not None
    log = world.client.sidecar.log

    async def lines() -> str:
        return "\n".join(line for line in log.read_text().splitlines() if host in line)

    found: str = await world.client.sidecar.wait_until(lines)
    return found


async def test_names_under_a_wildcard_can_be_restricted_to_public_addresses(world: World) -> None:
    await allow(world, "*.vendor.test", "public")
    assert DENIED in await logged(world, "api.vendor.test:8080")
    assert await tls(world, "api.vendor.test") == b""


async def test_no_name_leads_to_the_machines_own_network(world: World) -> None:
    """A name that somebody registers under a wildcard, with the address where clouds keep credentials."""
    world.mesh.resolve("metadata.vendor.test", "169.254.169.254")
    world.mesh.resolve("nowhere.vendor.test", "10.200.99.99")
    await allow(world, "*.vendor.test")
    await until_served(world)
    assert DENIED in await logged(world, "metadata.vendor.test:8080")
    assert DENIED not in await logged(world, "nowhere.vendor.test:8080")


async def test_bytes_have_no_way_through_a_wildcard(world: World) -> None:
    await allow(world, "*.vendor.test")
    assert await world.client.exchange(world.intruder, 5432, b"?") == b""


async def test_the_whole_mesh_can_be_strict(world: World) -> None:
    root = document("Namespace", "istio-system", {}, "", annotations={ANNOTATION: "true"})
    await world.mesh.apply(root.replace("networking.istio.io/v1", "v1"))
    await allow(world, "api.vendor.test", "false")
    await until_served(world)
    assert await world.client.exchange(world.intruder, 5432, b"?") == b"vendor"
