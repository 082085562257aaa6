# SPDX-License-Identifier: Apache-2.0
"""A request that failed is tried again, as often and in the cases that the rules say."""

from __future__ import annotations

from typing import Any

from tests.behaviour.backend import ask
from tests.behaviour.web import rules, to, two_versions
from tests.mesh_namespaces import Mesh

ANY = {"destination": {"host": "web.test"}}


def retry(**settings: Any) -> str:
    return rules({"retries": settings, "route": [ANY]})


async def test_another_endpoint_is_tried(mesh: Mesh) -> None:
    client, ill, _ = await two_versions(mesh)
    ill.status = 503
    await mesh.apply(retry(attempts=3, retryOn="503"))
    answers = [await ask(client) for _ in range(20)]
    assert all(answer.seen["server"] == "v2" for answer in answers)
    assert ill.requests > 0
    assert {answer.seen["headers"]["x-envoy-attempt-count"] for answer in answers} == {"1", "2"}


async def test_attempts_are_counted_and_conditions_kept(mesh: Mesh) -> None:
    client, ill, _ = await two_versions(mesh)
    ill.status = 500
    settings = {"attempts": 2, "retryOn": "5xx", "backoff": "1ms"}
    await mesh.apply(rules({"retries": settings, "route": [to("v1")]}))
    assert (await ask(client)).status == 500
    assert ill.requests == 3
    await mesh.apply(rules({"retries": {"attempts": 2, "retryOn": "503"}, "route": [to("v1")]}))
    assert (await ask(client)).status == 500
    assert ill.requests == 4
    await mesh.apply(rules({"retries": {"attempts": 0}, "route": [to("v1")]}))
    ill.status = 503
    assert (await ask(client)).status == 503
    assert ill.requests == 5


async def test_each_try_has_its_own_time(mesh: Mesh) -> None:
    client, slow, quick = await two_versions(mesh)
    slow.pause()
    await mesh.apply(retry(attempts=3, perTryTimeout="200ms", retryOn="reset"))
    for _ in range(6):
        assert (await ask(client)).seen["server"] == "v2"
    assert quick.requests == 6
    slow.resume()
