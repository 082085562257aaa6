# SPDX-License-Identifier: Apache-2.0
"""Faults on purpose: delays and errors, for those whom the rule means."""

from __future__ import annotations

import asyncio

from tests.behaviour.backend import VIP, ask
from tests.behaviour.web import rules, to, two_versions
from tests.mesh_namespaces import Mesh

TEST_USER = [{"headers": {"x-user": {"exact": "test"}}}]


async def test_an_error_for_the_test_user_alone(mesh: Mesh) -> None:
    client, one, _ = await two_versions(mesh)
    abort = {"abort": {"httpStatus": 418, "percentage": {"value": 100}}}
    await mesh.apply(rules({"match": TEST_USER, "fault": abort, "route": [to("v1")]}, {"route": [to("v1")]}))
    failed = await ask(client, x_user="test")
    assert (failed.status, failed.body) == (418, b"fault filter abort")
    assert one.requests == 0
    assert (await ask(client)).status == 200


async def test_an_error_of_grpc(mesh: Mesh) -> None:
    client, _, _ = await two_versions(mesh)
    abort = {"abort": {"grpcStatus": "UNAVAILABLE", "percentage": {"value": 100}}}
    await mesh.apply(rules({"fault": abort, "route": [to("v1")]}))
    answer = await client.call(VIP, 80, host="web.test", method="/a.B/C", message=b"hello")
    assert answer.headers["grpc-status"] == "14"


async def test_a_delay_holds_the_request_back(mesh: Mesh) -> None:
    client, one, _ = await two_versions(mesh)
    delay = {"delay": {"fixedDelay": "1s", "percentage": {"value": 100}}}
    await mesh.apply(rules({"match": TEST_USER, "fault": delay, "route": [to("v1")]}, {"route": [to("v1")]}))
    held = asyncio.create_task(ask(client, x_user="test"))
    assert client.sidecar is not None

    async def holding() -> bool:
        assert client.sidecar is not None
        return await client.sidecar.stat("http.outbound_0.0.0.0_80;.fault.active_faults") == 1

    await client.sidecar.wait_until(holding)
    # Others pass it by.
    assert (await ask(client)).status == 200
    assert one.requests == 1
    assert (await held).status == 200
    assert one.requests == 2
