# SPDX-License-Identifier: Apache-2.0
"""Copies of requests go to another destination, whose answers nobody sees."""

from __future__ import annotations

from typing import Any

from tests.behaviour.backend import Backend, who
from tests.behaviour.web import rules, to, two_versions
from tests.mesh_namespaces import Mesh, Pod

SHADOW = {"host": "web.test", "subset": "v2"}


async def _until_copied(client: Pod, shadow: Backend, count: int) -> None:
    """A copy may arrive after the answer."""

    async def arrived() -> bool:
        return shadow.requests >= count

    assert client.sidecar is not None
    await client.sidecar.wait_until(arrived)


async def test_every_request_is_copied_and_the_copy_cannot_do_harm(mesh: Mesh) -> None:
    client, live, shadow = await two_versions(mesh)
    shadow.status = 500
    await mesh.apply(rules({"mirror": SHADOW, "route": [to("v1")]}))
    assert await who(client, 10) == {"v1": 10}
    await _until_copied(client, shadow, 10)
    assert live.requests == shadow.requests == 10


async def test_a_share_is_copied(mesh: Mesh) -> None:
    client, _, shadow = await two_versions(mesh)
    await mesh.apply(rules({"mirror": SHADOW, "mirrorPercentage": {"value": 0}, "route": [to("v1")]}))
    assert await who(client, 20) == {"v1": 20}
    assert shadow.requests == 0
    half: dict[str, Any] = {"mirrors": [{"destination": SHADOW, "percentage": {"value": 50}}], "route": [to("v1")]}
    await mesh.apply(rules(half))
    assert await who(client, 100) == {"v1": 100}
    # 100 draws of 0.5: outside of 20 to 80 once in billions of runs.
    await _until_copied(client, shadow, 20)
    assert shadow.requests <= 80
