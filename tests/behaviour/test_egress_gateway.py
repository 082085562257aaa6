# SPDX-License-Identifier: Apache-2.0
"""The chain of sidecar, egress gateway and external server; and what the gateway makes of callers that lie."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lateen.compile.workload import Role
from tests.behaviour.certificates import self_signed
from tests.compile.listeners.sidecars import document
from tests.mesh.traffic import ask_bytes, echo, http_server
from tests.mesh_namespaces import Handler, Mesh, Pod

GATEWAY_VIP, VENDOR_VIP = "10.96.0.7", "10.99.9.9"
HOST = "api.vendor.test"
EGRESS = "egress.default.svc.cluster.local"
SELECTOR = {"app": "egress"}


class World(NamedTuple):
    mesh: Mesh
    client: Pod
    gateway: Pod
    stranger: Pod
    certificate: str
    """The file of the vendor's certificate."""
    trusting: ssl.SSLContext
    asked: list[str]
    """The server names that the vendor was asked for."""
    callers: set[str]
    """Who connected to the vendor."""


@pytest.fixture
async def world(start_mesh: Callable[..., Awaitable[Mesh]], tmp_path: Path) -> World:
    """A client, a stranger without a sidecar, an egress gateway, and the vendor with HTTPS (8443) and bytes (9443)."""
    mesh = await start_mesh("outboundTrafficPolicy: {mode: REGISTRY_ONLY}")
    serving, trusting = self_signed(tmp_path, HOST)
    asked: list[str] = []
    serving.sni_callback = lambda _, name, __: asked.append(name or "")
    vendor = await mesh.pod("vendor", sidecar=False)
    callers: set[str] = set()

    def noting(handler: Handler) -> Handler:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            callers.add(writer.get_extra_info("peername")[0])
            await handler(reader, writer)

        return serve

    await vendor.serve(8443, noting(http_server("vendor")), tls=serving)
    await vendor.serve(9443, noting(echo), tls=serving)
    mesh.resolve(HOST, vendor.address)
    gateway = await mesh.pod("egress", role=Role.ROUTER)
    client, stranger = await mesh.pod("client"), await mesh.pod("stranger", sidecar=False)
    await mesh.apply(*egress_service(gateway))
    return World(mesh, client, gateway, stranger, str(tmp_path / "certificate.pem"), trusting, asked, callers)


def egress_service(gateway: Pod) -> tuple[str, str]:
    ports = {"http2": (80, 8080), "tls": (443, 8444)}
    spec = {
        "clusterIP": GATEWAY_VIP,
        "selector": SELECTOR,
        "ports": [{"name": n, "port": p, "targetPort": t} for n, (p, t) in ports.items()],
    }
    target = {"kind": "Pod", "name": gateway.name, "namespace": "default"}
    slice_ = {
        "addressType": "IPv4",
        "endpoints": [{"addresses": [gateway.address], "conditions": {"ready": True}, "targetRef": target}],
        "ports": [{"name": n, "port": t, "protocol": "TCP"} for n, (_, t) in ports.items()],
    }
    labels = {"kubernetes.io/service-name": "egress"}
    return document("Service", "egress", spec), document("EndpointSlice", "egress-0", slice_, labels=labels)


def vendor_entry(*hosts: str, resolution: str = "DNS") -> str:
    ports = [
        {"number": 80, "name": "http", "protocol": "HTTP", "targetPort": 8443},
        {"number": 9443, "name": "tls", "protocol": "TLS"},
    ]
    spec = {"hosts": list(hosts), "ports": ports, "location": "MESH_EXTERNAL", "resolution": resolution}
    return document("ServiceEntry", "vendor", spec)


def gateway_server(number: int, protocol: str, *hosts: str, **tls: Any) -> dict[str, Any]:
    server: dict[str, Any] = {"port": {"number": number, "name": protocol.lower(), "protocol": protocol}}
    return {**server, "hosts": list(hosts), **({"tls": tls} if tls else {})}


def route(gateway: str, match: dict[str, Any], host: str, port: int) -> dict[str, Any]:
    to = {"destination": {"host": host, "port": {"number": port}}}
    return {"match": [{"gateways": [gateway], **match}], "route": [to]}


def chain(section: str, hosts: list[str], server: dict[str, Any], matches: tuple[Any, Any], to: tuple[str, int]) -> str:
    """The Gateway, and the rule that leads from sidecars to it and from there to `to`."""
    first = route("mesh", matches[0], EGRESS, server["port"]["number"])
    second = route("egress", matches[1], *to)
    rule = {"hosts": hosts, "gateways": ["mesh", "egress"], section: [first, second]}
    return "\n---\n".join(
        [
            document("Gateway", "egress", {"selector": SELECTOR, "servers": [server]}),
            document("VirtualService", "vendor", rule),
        ]
    )


def originated(certificate: str) -> str:
    """A rule that has TLS spoken to the vendor's HTTP port."""
    tls = {"mode": "SIMPLE", "caCertificates": certificate, "sni": HOST}
    settings = [{"port": {"number": 80}, "tls": tls}]
    return document("DestinationRule", "vendor", {"host": HOST, "trafficPolicy": {"portLevelSettings": settings}})


def mutual_to_gateway() -> str:
    tls = {"mode": "ISTIO_MUTUAL", "sni": HOST}
    settings = [{"port": {"number": 80}, "tls": tls}]
    return document("DestinationRule", "egress", {"host": EGRESS, "trafficPolicy": {"portLevelSettings": settings}})


async def until(world: World, read: Callable[[], Awaitable[bool]]) -> None:
    assert world.client.sidecar is not None
    await world.client.sidecar.wait_until(read)


async def https_chain(world: World) -> None:
    """HTTP from the client, mutual TLS to the gateway, TLS from there."""
    await world.mesh.apply(
        vendor_entry(HOST),
        mutual_to_gateway(),
        originated(world.certificate),
        chain(
            "http",
            [HOST],
            gateway_server(80, "HTTPS", HOST, mode="ISTIO_MUTUAL"),
            ({"port": 80}, {"port": 80}),
            (HOST, 80),
        ),
    )

    async def served() -> bool:
        return (await world.client.get(VENDOR_VIP, 80, host=HOST)).status == 200

    await until(world, served)


async def test_the_gateway_speaks_tls_for_the_client(world: World) -> None:
    await https_chain(world)
    answer = await world.client.get(VENDOR_VIP, 80, host=HOST, path="/through")
    assert (answer.seen["server"], answer.seen["path"]) == ("vendor", "/through")
    assert set(world.asked) == {HOST}
    assert world.callers == {world.gateway.address}


async def test_the_gateway_serves_nobody_without_a_certificate_of_the_mesh(world: World) -> None:
    await https_chain(world)
    assert await world.stranger.exchange(world.gateway.address, 8080, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n") == b""
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    connect = world.stranger.connect(world.gateway.address, 8080, tls=careless, server_name=HOST)
    try:
        answer = await ask_bytes(connect, f"GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n".encode())
    except ssl.SSLError:
        answer = b""
    assert answer == b""


async def test_other_hosts_do_not_pass_the_chain(world: World) -> None:
    await https_chain(world)
    for host in ("evil.test", "www.vendor.test"):
        assert (await world.client.get(VENDOR_VIP, 80, host=host)).status in (404, 502)


def passing(host: str) -> str:
    return chain(
        "tls",
        [host],
        gateway_server(443, "TLS", host, mode="PASSTHROUGH"),
        ({"port": 9443, "sniHosts": [host]}, {"port": 443, "sniHosts": [host]}),
        (host, 9443),
    )


async def in_tls(world: World, pod: Pod, address: str, port: int, server_name: str) -> bytes:
    """What the vendor's server of bytes answers; empty if nobody does."""
    connect = pod.connect(address, port, tls=world.trusting, server_name=server_name)
    try:
        return await ask_bytes(connect, b"hello")
    except ssl.SSLError as problem:
        # Nobody else may have answered.
        assert problem.reason != "CERTIFICATE_VERIFY_FAILED"
        return b""


@pytest.mark.parametrize(("host", "resolution"), [(HOST, "DNS"), ("*.vendor.test", "DYNAMIC_DNS")])
async def test_tls_of_the_application_goes_through_unopened(world: World, host: str, resolution: str) -> None:
    await world.mesh.apply(vendor_entry(host, resolution=resolution), passing(host))

    async def served() -> bool:
        return await in_tls(world, world.client, VENDOR_VIP, 9443, HOST) == b"echo hello"

    await until(world, served)
    assert world.callers == {world.gateway.address}
    # A server name that is none of the chain's opens nothing, neither by way of the sidecar nor at the gateway.
    for name in ("evil.test", "vendor.test.evil.test"):
        assert await in_tls(world, world.client, VENDOR_VIP, 9443, name) == b""
        assert await in_tls(world, world.stranger, world.gateway.address, 8444, name) == b""
