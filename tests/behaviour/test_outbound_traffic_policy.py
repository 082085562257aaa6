# SPDX-License-Identifier: Apache-2.0
"""ALLOW_ANY, REGISTRY_ONLY and an egress proxy: what a workload reaches that no service names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.compile.listeners.sidecars import document, endpoints, entry, service
from tests.mesh.traffic import echo, http_server
from tests.mesh_namespaces import Mesh, Pod

BYTES = b"\x00\x00\x00\x2aneither TLS nor HTTP, as the first byte says"
REGISTRY_ONLY = "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"
REFUSED = 502


async def world(mesh: Mesh) -> tuple[Pod, Pod]:
    """A client, and a pod outside of the mesh that serves HTTP on 8080 and 8090 and bytes on 9000."""
    client, outside = await mesh.pod("client"), await mesh.pod("outside", sidecar=False)
    for port in (8080, 8090):
        await outside.serve(port, http_server("outside"))
    await outside.serve(9000, echo)
    # Some service has port 8080, so that requests to unknown hosts meet a route table there; none has 8090.
    await mesh.apply(service("other", "10.96.0.1", ("http", 8080)))
    return client, outside


def known(outside: Pod) -> tuple[str, ...]:
    """Entries for the pod: requests by name, bytes by address."""
    end = {"resolution": "STATIC", "endpoints": [{"address": outside.address}]}
    return (
        entry("web", "outside.test", port=8080, protocol="HTTP", **end),
        entry("raw", "raw.test", port=9000, protocol="TCP", addresses=(outside.address,), **end),
    )


async def test_allow_any_passes_on_whatever_it_does_not_know(mesh: Mesh) -> None:
    client, outside = await world(mesh)
    for port in (8080, 8090):
        assert (await client.get(outside.address, port, host="unknown.test")).seen["server"] == "outside"
    assert await client.exchange(outside.address, 9000, BYTES) == b"echo " + BYTES


async def test_registry_only_refuses_until_the_registry_knows(start_mesh: Callable[..., Awaitable[Mesh]]) -> None:
    mesh = await start_mesh(REGISTRY_ONLY)
    client, outside = await world(mesh)
    assert (await client.get(outside.address, 8080, host="outside.test")).status == REFUSED
    assert await client.exchange(outside.address, 8090, b"GET / HTTP/1.1\r\nhost: outside.test\r\n\r\n") == b""
    assert await client.exchange(outside.address, 9000, BYTES) == b""
    await mesh.apply(*known(outside))
    assert (await client.get("10.99.9.9", 8080, host="outside.test")).seen["server"] == "outside"
    assert await client.exchange(outside.address, 9000, BYTES) == b"echo " + BYTES
    assert (await client.get(outside.address, 8080, host="unknown.test")).status == REFUSED


async def test_a_claimed_name_does_not_open_another_address(start_mesh: Callable[..., Awaitable[Mesh]]) -> None:
    """The destination follows from what the operator wrote, whatever address the client dials."""
    mesh = await start_mesh(REGISTRY_ONLY)
    client, outside = await world(mesh)
    intruder = await mesh.pod("intruder", sidecar=False)
    await intruder.serve(8080, http_server("intruder"))
    await mesh.apply(*known(outside))
    assert (await client.get(intruder.address, 8080, host="outside.test")).seen["server"] == "outside"


async def test_a_sidecar_overrides_the_mesh(start_mesh: Callable[..., Awaitable[Mesh]]) -> None:
    mesh = await start_mesh(REGISTRY_ONLY)
    client, outside = await world(mesh)
    await mesh.apply(document("Sidecar", "open", {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}))
    assert (await client.get(outside.address, 8090, host="unknown.test")).seen["server"] == "outside"
    await mesh.apply(document("Sidecar", "open", {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}))
    assert await client.exchange(outside.address, 9000, BYTES) == b""


async def test_an_egress_proxy_gets_all_unknown_connections(mesh: Mesh) -> None:
    client, outside = await world(mesh)
    proxy = await mesh.pod("proxy", sidecar=False)
    await proxy.serve(3128, echo)
    way_out = {"host": "proxy.default.svc.cluster.local", "port": {"number": 3128}}
    await mesh.apply(
        service("proxy", "10.96.0.3", ("tcp", 3128)),
        endpoints("proxy", "tcp", 3128, proxy.address),
        document("Sidecar", "out", {"outboundTrafficPolicy": {"mode": "ALLOW_ANY", "egressProxy": way_out}}),
    )
    assert await client.exchange(outside.address, 9999, BYTES) == b"echo " + BYTES


async def test_nothing_comes_back_to_the_ports_of_the_proxy_itself(mesh: Mesh) -> None:
    client, outside = await world(mesh)
    for port in (15001, 15006):
        assert await client.exchange(outside.address, port, BYTES) == b""
        assert await outside.exchange(client.address, port, BYTES) == b""


async def test_unknown_hosts_are_looked_up_by_the_proxy(start_mesh: Callable[..., Awaitable[Mesh]]) -> None:
    """ALLOW_ANY_DYNAMIC_DNS: plain HTTP goes where the name leads, whatever address was dialled; bytes as ALLOW_ANY."""
    mesh = await start_mesh("outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}")
    mesh.resolve("by-name.test", "10.200.1.2")
    client, outside = await world(mesh)
    assert outside.address == "10.200.1.2"
    for port in (8080, 8090):
        answer = await client.get("10.99.9.9", port, host=f"by-name.test:{port}")
        assert (answer.status, answer.seen["server"]) == (200, "outside")
    assert await client.exchange(outside.address, 9000, BYTES) == b"echo " + BYTES
