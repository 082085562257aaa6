# SPDX-License-Identifier: Apache-2.0
"""The time that a request may take."""

from __future__ import annotations

import asyncio

from tests.behaviour.backend import ask
from tests.behaviour.web import rules, to, two_versions
from tests.mesh_namespaces import Mesh


async def test_a_request_that_takes_too_long_is_given_up(mesh: Mesh) -> None:
    client, slow, _ = await two_versions(mesh)
    await mesh.apply(rules({"timeout": "300ms", "retries": {"attempts": 0}, "route": [to("v1")]}))
    assert (await ask(client)).status == 200
    slow.pause()
    assert (await ask(client)).status == 504
    slow.resume()


async def test_without_a_timeout_the_client_waits(mesh: Mesh) -> None:
    client, slow, _ = await two_versions(mesh)
    await mesh.apply(rules({"route": [to("v1")]}))
    slow.pause()
    waiting = asyncio.create_task(ask(client))
    await slow.until_waiting(1)
    assert not waiting.done()
    slow.resume()
    assert (await waiting).status == 200
