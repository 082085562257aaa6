# SPDX-License-Identifier: Apache-2.0
"""What is alike goes to the same server."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

import pytest

from tests.behaviour.backend import VIP, ask, policy, serve, web
from tests.mesh_namespaces import Mesh, Pod

NAMES = ("a", "b", "c", "d")
USERS = [f"user-{number}" for number in range(40)]


def hashed(**key: Any) -> str:
    return policy(loadBalancer={"consistentHash": key})


async def world(mesh: Mesh, rule: str) -> tuple[Pod, list[Pod]]:
    """A client and four servers."""
    found = await serve(mesh, *NAMES)
    client, pods = await mesh.pod("client"), [pod for pod, _ in found.values()]
    await mesh.apply(web(*pods), rule)
    return client, pods


async def by_user(client: Pod) -> dict[str, str]:
    """Which server each user gets."""
    return {user: (await ask(client, x_user=user)).seen["server"] for user in USERS}


@pytest.mark.parametrize("algorithm", [{}, {"ringHash": {"minimumRingSize": 2048}}, {"maglev": {"tableSize": 65537}}])
async def test_a_header_decides_and_most_stay_when_a_server_goes(mesh: Mesh, algorithm: dict[str, Any]) -> None:
    client, pods = await world(mesh, hashed(httpHeaderName="x-user", **algorithm))
    before = await by_user(client)
    assert set(before.values()) == set(NAMES)
    assert await by_user(client) == before
    await mesh.apply(web(*pods[:-1]))
    after = await by_user(client)
    moved = {user for user in USERS if after[user] != before[user]}
    of_the_lost = {user for user in USERS if before[user] == NAMES[-1]}
    assert of_the_lost <= moved
    # A few others move too: the servers that are left get more places in the ring or table.
    assert len(moved - of_the_lost) <= len(USERS) // 4


async def test_a_cookie_is_made_and_decides(mesh: Mesh) -> None:
    client, _ = await world(mesh, hashed(httpCookie={"name": "session", "path": "/", "ttl": "60s"}))
    servers = set()
    for _ in range(12):
        first = await ask(client)
        cookie = SimpleCookie(first.headers["set-cookie"])["session"]
        assert (cookie["max-age"], cookie["path"]) == ("60", "/")
        servers.add(first.seen["server"])
        again = await ask(client, cookie=f"session={cookie.value}")
        assert again.seen["server"] == first.seen["server"]
        assert "set-cookie" not in again.headers
    assert len(servers) > 1


async def test_the_address_of_the_client_decides(mesh: Mesh) -> None:
    client, _ = await world(mesh, hashed(useSourceIp=True))
    assert len({(await ask(client)).seen["server"] for _ in range(12)}) == 1


async def test_a_query_parameter_decides(mesh: Mesh) -> None:
    client, _ = await world(mesh, hashed(httpQueryParameterName="user"))

    async def server(user: str) -> str:
        found: str = (await client.get(VIP, 80, host="web.test", path=f"/?user={user}")).seen["server"]
        return found

    first = {user: await server(user) for user in USERS}
    assert len(set(first.values())) > 1
    assert {user: await server(user) for user in USERS} == first
