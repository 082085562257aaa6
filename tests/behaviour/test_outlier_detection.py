# SPDX-License-Identifier: Apache-2.0
"""Servers that fail are left out for a while."""

from __future__ import annotations

from typing import Any

from tests.behaviour.backend import Backend, ask, policy, serve, web, who
from tests.mesh_namespaces import Mesh, Pod

FOREVER = "1h"
OFTEN = "0.1s"


def detect(**fields: Any) -> str:
    settings = {"interval": FOREVER, "baseEjectionTime": FOREVER, "maxEjectionPercent": 100, **fields}
    return policy(outlierDetection=settings, loadBalancer={"simple": "ROUND_ROBIN"})


async def world(mesh: Mesh, rule: str) -> tuple[Pod, Backend]:
    """A client, and the first of the servers a and b."""
    found = await serve(mesh, "a", "b")
    client = await mesh.pod("client")
    await mesh.apply(web(*(pod for pod, _ in found.values())), rule)
    return client, found["a"][1]


async def ejected(client: Pod) -> list[str]:
    """The addresses of the servers that are left out."""
    assert client.sidecar is not None
    states = (await client.sidecar.admin("/clusters?format=json")).seen["cluster_statuses"]
    (cluster,) = [s for s in states if s["name"] == "outbound|80||web.test"]
    hosts = cluster["host_statuses"]
    return [h["address"]["socket_address"]["address"] for h in hosts if h["health_status"].get("failed_outlier_check")]


async def until_ejected(client: Pod) -> None:
    assert client.sidecar is not None

    async def some() -> list[str]:
        await ask(client)
        return await ejected(client)

    await client.sidecar.wait_until(some)


async def test_errors_in_a_row_eject_and_time_brings_back(mesh: Mesh) -> None:
    times = {"interval": OFTEN, "baseEjectionTime": OFTEN}
    client, ill = await world(mesh, detect(consecutive5xxErrors=2))
    assert await who(client, 4) == {"a": 2, "b": 2}
    ill.status = 500
    await until_ejected(client)
    assert await who(client, 6) == {"b": 6}
    ill.status = 200
    await mesh.apply(detect(consecutive5xxErrors=2, **times))

    async def back() -> bool:
        return "a" in await who(client, 4)

    assert client.sidecar is not None
    await client.sidecar.wait_until(back)


async def test_gateway_errors_count_on_their_own(mesh: Mesh) -> None:
    client, ill = await world(mesh, detect(consecutive5xxErrors=0, consecutiveGatewayErrors=1))
    ill.status = 500
    assert await who(client, 8) == {"500": 4, "b": 4}
    ill.status = 503
    await until_ejected(client)
    assert await who(client, 6) == {"b": 6}


async def test_a_server_that_is_not_there_is_left_out(mesh: Mesh) -> None:
    found = await serve(mesh, "a")
    absent, client = await mesh.pod("absent", sidecar=False), await mesh.pod("client")
    rule = detect(splitExternalLocalOriginErrors=True, consecutiveLocalOriginFailures=1, consecutive5xxErrors=0)
    await mesh.apply(web(absent, found["a"][0]), rule)
    await until_ejected(client)
    assert await ejected(client) == [absent.address]
    assert await who(client, 6) == {"a": 6}


async def test_no_more_than_the_allowed_share_is_ejected(mesh: Mesh) -> None:
    found = await serve(mesh, "a", "b")
    client = await mesh.pod("client")
    await mesh.apply(web(*(p for p, _ in found.values())), detect(consecutive5xxErrors=1, maxEjectionPercent=50))
    for _, backend in found.values():
        backend.status = 500
    await until_ejected(client)
    assert await who(client, 6) == {"500": 6}
    assert len(await ejected(client)) == 1


async def test_with_too_few_well_servers_all_are_used(mesh: Mesh) -> None:
    client, ill = await world(mesh, detect(consecutive5xxErrors=1, minHealthPercent=60))
    ill.status = 500
    await until_ejected(client)
    ill.status = 200
    assert set(await who(client, 20)) == {"a", "b"}
