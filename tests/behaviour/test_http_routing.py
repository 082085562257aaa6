# SPDX-License-Identifier: Apache-2.0
"""Requests go where the rules of their host say, from one edit to the next."""

from __future__ import annotations

import asyncio
from collections import Counter

from tests.behaviour.backend import VIP, ask, who
from tests.behaviour.web import rules, to, two_versions
from tests.compile.listeners.sidecars import document
from tests.mesh_namespaces import Mesh


async def test_a_canary_by_header_then_by_weight_then_for_all(mesh: Mesh) -> None:
    client, _, _ = await two_versions(mesh)
    assert set(await who(client, 20)) == {"v1", "v2"}
    await mesh.apply(
        rules({"match": [{"headers": {"x-beta": {"exact": "yes"}}}], "route": [to("v2")]}, {"route": [to("v1")]})
    )
    assert await who(client, 10) == {"v1": 10}
    assert await who(client, 10, x_beta="yes") == {"v2": 10}
    assert await who(client, 10, x_beta="no") == {"v1": 10}
    await mesh.apply(rules({"route": [to("v1", 80), to("v2", 20)]}))
    counted = await who(client, 100)
    # 100 draws of 0.2: outside of 5 to 40 once in millions of runs.
    assert counted["v1"] + counted["v2"] == 100
    assert 5 <= counted["v2"] <= 40
    await mesh.apply(rules({"route": [to("v2")]}))
    assert await who(client, 10) == {"v2": 10}


async def test_paths_and_hosts_are_rewritten_on_the_way(mesh: Mesh) -> None:
    client, _, _ = await two_versions(mesh)
    swap = {"uriRegexRewrite": {"match": "^/user/([^/]+)/(.*)$", "rewrite": r"/\2/of/\1"}}
    await mesh.apply(
        rules(
            {"match": [{"uri": {"prefix": "/api/"}}], "rewrite": {"uri": "/"}, "route": [to("v1")]},
            {"match": [{"uri": {"regex": "/user/.*"}}], "rewrite": swap, "route": [to("v1")]},
            {"rewrite": {"authority": "inside.test"}, "route": [to("v2")]},
        )
    )
    assert (await client.get(VIP, 80, host="web.test", path="/api/items?page=2")).seen["path"] == "/items?page=2"
    assert (await client.get(VIP, 80, host="web.test", path="/user/ann/mail")).seen["path"] == "/mail/of/ann"
    assert (await ask(client)).seen["headers"]["host"] == "inside.test"


async def test_the_proxy_answers_itself(mesh: Mesh) -> None:
    client, one, two = await two_versions(mesh)
    await mesh.apply(
        rules(
            {"match": [{"uri": {"prefix": "/old"}}], "redirect": {"uri": "/new", "redirectCode": 308}},
            {"match": [{"uri": {"prefix": "/v1/"}}], "redirect": {"prefixRewrite": "/v2/"}},
            {"directResponse": {"status": 503, "body": {"string": "back soon"}}},
        )
    )
    moved = await client.get(VIP, 80, host="web.test", path="/old?a=b")
    assert (moved.status, moved.headers["location"]) == (308, "http://web.test/new?a=b")
    kept = await client.get(VIP, 80, host="web.test", path="/v1/items/7")
    assert (kept.status, kept.headers["location"]) == (301, "http://web.test/v2/items/7")
    closed = await ask(client)
    assert (closed.status, closed.body) == (503, b"back soon")
    assert one.requests == two.requests == 0


async def test_headers_of_requests_and_answers_are_changed(mesh: Mesh) -> None:
    client, _, _ = await two_versions(mesh)
    headers = {
        "request": {"set": {"x-user": "%REQ(x-name)%"}, "add": {"x-trail": "b"}, "remove": ["x-secret"]},
        "response": {"set": {"x-served": "yes"}},
    }
    await mesh.apply(rules({"headers": headers, "route": [to("v1")]}))
    answer = await ask(client, x_name="ann", x_trail="a", x_secret="hush")
    assert answer.headers["x-served"] == "yes"
    seen = answer.seen["headers"]
    assert seen["x-user"] == "ann"
    assert "x-secret" not in seen
    assert "b" in seen["x-trail"]


async def test_a_delegate_brings_its_own_routes_and_goes_again(mesh: Mesh) -> None:
    client, _, _ = await two_versions(mesh)
    await mesh.apply(
        rules({"match": [{"uri": {"prefix": "/shop"}}], "delegate": {"name": "shop"}}, {"route": [to("v1")]}),
        document("VirtualService", "shop", {"http": [{"route": [to("v2")]}]}),
    )
    assert (await client.get(VIP, 80, host="web.test", path="/shop/1")).seen["server"] == "v2"
    assert (await ask(client)).seen["server"] == "v1"
    await mesh.apply(document("VirtualService", "shop", {"http": [{"directResponse": {"status": 410}}]}))
    assert (await client.get(VIP, 80, host="web.test", path="/shop/1")).status == 410


async def test_only_the_workloads_that_a_rule_means_follow_it(mesh: Mesh) -> None:
    client, _, _ = await two_versions(mesh, labels={"tier": "web"})
    other = await mesh.pod("other")
    await mesh.apply(rules({"match": [{"sourceLabels": {"tier": "web"}}], "directResponse": {"status": 418}}))
    assert (await ask(client)).status == 418
    assert (await ask(other)).status == 200


async def test_no_request_fails_while_rules_change(mesh: Mesh) -> None:
    client, _, _ = await two_versions(mesh)
    await mesh.apply(rules({"route": [to("v1")]}))
    counted: Counter[str] = Counter()
    done = asyncio.Event()

    async def keep_asking() -> None:
        while not done.is_set():
            counted.update(await who(client, 5))

    asking = asyncio.create_task(keep_asking())
    for edit in range(20):
        await mesh.apply(rules({"name": f"edit-{edit}", "route": [to("v2" if edit % 2 else "v1")]}))
    done.set()
    await asking
    assert counted.keys() == {"v1", "v2"}
