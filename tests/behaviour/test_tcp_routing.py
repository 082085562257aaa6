# SPDX-License-Identifier: Apache-2.0
"""Routes of bytes: weights, destination blocks, headless services, an HTTP proxy on the way."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from tests.compile.listeners.sidecars import document, endpoints, entry, service
from tests.mesh.traffic import echo, http_server
from tests.mesh_namespaces import Mesh, Pod

BYTES = b"\x00\x00\x00\x2aneither TLS nor HTTP, as the first byte says"
VIP = "10.96.0.1"


async def two_versions(mesh: Mesh) -> Pod:
    """A client of the service `db`, whose versions v1 and v2 answer with their name."""
    client = await mesh.pod("client")
    await mesh.apply(service("db", VIP, ("tcp", 9000)))
    for number, version in enumerate(("v1", "v2")):
        pod = await mesh.pod(f"db-{version}", labels={"app": "db", "version": version})
        await pod.serve(9000, _answers(version.encode()))
        slices = endpoints("db", "tcp", 9000, pod.address).replace('"db-0"', f'"db-{number}"')
        target = f'"targetRef": {{"kind": "Pod", "name": "db-{version}", "namespace": "default"}}, "conditions"'
        await mesh.apply(slices.replace('"conditions"', target))
    subsets = [{"name": version, "labels": {"version": version}} for version in ("v1", "v2")]
    await mesh.apply(document("DestinationRule", "db", {"host": "db", "subsets": subsets}))
    return client


def _answers(said: bytes) -> Any:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(1)
            writer.write(said)
        except ConnectionError:
            pass
        finally:
            writer.close()

    return serve


def to(subset: str, weight: int = 0) -> dict[str, Any]:
    return {"destination": {"host": "db", "subset": subset}, **({"weight": weight} if weight else {})}


def rule(*routes: dict[str, Any]) -> str:
    return document("VirtualService", "db", {"hosts": ["db"], "tcp": list(routes)})


async def test_weights(mesh: Mesh) -> None:
    client = await two_versions(mesh)
    await mesh.apply(rule({"route": [to("v1", 80), to("v2", 20)]}))
    counted = Counter([await client.exchange(VIP, 9000, BYTES) for _ in range(100)])
    # 100 draws of 0.2: outside of 5 to 40 once in millions of runs.
    assert counted[b"v1"] + counted[b"v2"] == 100 and 5 <= counted[b"v2"] <= 40
    await mesh.apply(rule({"route": [to("v2")]}))
    assert await client.exchange(VIP, 9000, BYTES) == b"v2"


async def test_sources_and_blocks_of_destinations(mesh: Mesh) -> None:
    client = await two_versions(mesh)
    other = await mesh.pod("other")
    await mesh.apply(rule({"match": [{"sourceLabels": {"app": "client"}}], "route": [to("v1")]}, {"route": [to("v2")]}))
    assert await client.exchange(VIP, 9000, BYTES) == b"v1"
    assert await other.exchange(VIP, 9000, BYTES) == b"v2"
    near = {"match": [{"destinationSubnets": ["10.96.0.0/24"]}], "route": [to("v2")]}
    await mesh.apply(rule(near))
    assert await client.exchange(VIP, 9000, BYTES) == b"v2"


async def test_a_headless_service_is_reached_pod_by_pod(mesh: Mesh) -> None:
    client = await mesh.pod("client")
    pods = [await mesh.pod(f"peer-{n}", labels={"app": "peers"}) for n in range(2)]
    for number, pod in enumerate(pods):
        await pod.serve(7000, _answers(str(number).encode()))
        await pod.serve(8080, http_server(str(number)))
    addresses = [pod.address for pod in pods]
    await mesh.apply(
        service("peers", "None", ("tcp", 7000), ("http", 8080)),
        endpoints("peers", "tcp", 7000, *addresses),
        endpoints("peers", "http", 8080, *addresses).replace('"peers-0"', '"peers-1"'),
        document("PeerAuthentication", "strict", {"mtls": {"mode": "STRICT"}}),
    )
    for number, address in enumerate(addresses):
        assert await client.exchange(address, 7000, BYTES) == str(number).encode()
        answer = await client.get(address, 8080, host="peers")
        assert answer.seen["server"] == str(number)
        assert "sa/client" in answer.seen["headers"]["x-forwarded-client-cert"]
        # A pod reaches itself without its sidecar's help.
        assert await pods[number].exchange(address, 7000, BYTES) == str(number).encode()


async def test_bytes_travel_through_an_http_proxy(mesh: Mesh) -> None:
    client, proxy = await mesh.pod("client"), await mesh.pod("proxy", sidecar=False)
    asked: list[str] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode().partition("\r\n")[0])
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await echo(reader, writer)

    await proxy.serve(3128, tunnel)
    await mesh.apply(
        entry(
            "proxy",
            "proxy.test",
            port=3128,
            protocol="TCP",
            resolution="STATIC",
            endpoints=[{"address": proxy.address}],
        ),
        entry("far", "far.test", port=9000, protocol="TCP", addresses=("10.99.0.1",), resolution="NONE"),
        document(
            "VirtualService",
            "far",
            {
                "hosts": ["far.test"],
                "tcp": [{"route": [{"destination": {"host": "proxy.test", "port": {"number": 3128}}}]}],
            },
        ),
        document(
            "DestinationRule",
            "proxy",
            {"host": "proxy.test", "trafficPolicy": {"tunnel": {"targetHost": "far.test", "targetPort": 9000}}},
        ),
    )
    assert await client.exchange("10.99.0.1", 9000, BYTES) == b"echo " + BYTES
    assert asked == ["CONNECT far.test:9000 HTTP/1.1"]
