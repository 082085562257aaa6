# SPDX-License-Identifier: Apache-2.0
"""A session with a real Envoy: order under load, refused resources of every type, warming, reconnection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

import httpx

from lateen.envoy.blob import CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST, Blob
from tests.envoy_process import EnvoyProcess
from tests.xds.resources import (
    World,
    answering_host,
    eds_cluster,
    endpoints,
    impossible_cluster,
    inline_table,
    invalid_cluster,
    invalid_listener,
    rds_listener,
    routing_host,
    vhds_table,
)
from tests.xds.serving import Caller, Serving, upstream

Serve = Callable[[World], Awaitable[Serving]]
Connect = Callable[[Serving], Awaitable[EnvoyProcess]]
Calls = Callable[[EnvoyProcess, str], Caller]


def world_towards(port: int) -> World:
    """Listener and table `80`, whose host `web.test` goes to cluster `web` with an endpoint on `port`."""
    world = World()
    world.add(eds_cluster("web"), endpoints("web", ("127.0.0.1", port)))
    world.table("80", routing_host("80", "web", ["web.test"], "web"))
    return world


async def test_no_request_fails_while_clusters_and_routes_change(serve: Serve, connect: Connect, calls: Calls) -> None:
    """Fifty times a new cluster comes, the route goes over to it, the old cluster goes."""
    server, port = await upstream("ok")
    serving = await serve(world_towards(port))
    world = serving.world
    envoy = await connect(serving)
    await calls(envoy, "80").until("web.test", (200, "ok"))
    host, listener_port = await envoy.listener_address("80")
    failures: list[int | str] = []
    requests = count()
    done = asyncio.Event()

    async def load(client: httpx.AsyncClient) -> None:
        while not done.is_set():
            next(requests)
            try:
                response = await client.get(f"http://{host}:{listener_port}/", headers={"host": "web.test"})
                if response.status_code != httpx.codes.OK:
                    failures.append(response.status_code)
            except httpx.HTTPError as problem:
                failures.append(repr(problem))

    async with httpx.AsyncClient() as client, asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(load(client))
        previous = "web"
        for revision in range(50):
            name = f"web-{revision}"
            world.add(eds_cluster(name), endpoints(name, ("127.0.0.1", port)))
            world.add(routing_host("80", "web", ["web.test"], name))
            del world.clusters[previous], world.endpoints[previous]
            previous = name
            serving.publish()
            await envoy.wait_until(lambda wanted=name: _only_cluster(envoy, wanted))
        done.set()
    assert next(requests) > 100
    assert failures == []
    await serving.settled(envoy)
    server.close()


async def _only_cluster(envoy: EnvoyProcess, name: str) -> bool:
    return list(await envoy.versions("dynamic_active_clusters")) == [name]


async def test_changed_cluster_gets_its_endpoints_again(serve: Serve, connect: Connect, calls: Calls) -> None:
    """Envoy warms it again and does not ask; without its endpoints it would stay in warming for ever."""
    server, port = await upstream("ok")
    serving = await serve(world_towards(port))
    envoy = await connect(serving)
    await calls(envoy, "80").until("web.test", (200, "ok"))
    changed = eds_cluster("web", connect_timeout=7)
    serving.world.add(changed)
    serving.publish()
    await envoy.wait_version("dynamic_active_clusters", "web", changed.version)
    await serving.settled(envoy)
    assert await calls(envoy, "80").get("web.test") == (200, "ok")
    server.close()


async def test_moved_endpoint(serve: Serve, connect: Connect, calls: Calls) -> None:
    first, port = await upstream("first")
    second, other_port = await upstream("second")
    serving = await serve(world_towards(port))
    web = calls(await connect(serving), "80")
    await web.until("web.test", (200, "first"))
    serving.world.add(endpoints("web", ("127.0.0.1", other_port)))
    serving.publish()
    await web.until("web.test", (200, "second"))
    first.close()
    second.close()


async def test_cluster_without_endpoints_is_shown_as_warming_until_they_come(
    serve: Serve, connect: Connect, calls: Calls
) -> None:
    serving = await serve(World())
    serving.world.table("80")
    envoy = await connect(serving)
    await serving.settled(envoy)
    slow = eds_cluster("slow")
    slow_secret = _with_missing_secret(slow)
    serving.world.add(slow_secret, endpoints("slow", ("127.0.0.1", 9)))
    serving.publish()
    status = await serving.settled(envoy, "warming")
    assert status.warming == ("slow",)
    assert status.missing_secrets == ("absent",)
    assert str(status) == "warming slow, waiting for secret absent"
    serving.world.add(answering_host("80", "a", ["a.test"], "a"))
    serving.publish()
    await calls(envoy, "80").until("a.test", (200, "a"))


def _with_missing_secret(plain: Blob) -> Blob:
    from envoy.config.cluster.v3.cluster_pb2 import Cluster
    from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import UpstreamTlsContext

    from lateen.envoy.blob import blob, pack
    from tests.xds.resources import ads

    cluster = Cluster.FromString(plain.body)
    tls = UpstreamTlsContext()
    secret = tls.common_tls_context.tls_certificate_sds_secret_configs.add(name="absent")
    secret.sds_config.CopyFrom(ads())
    cluster.transport_socket.name = "tls"
    cluster.transport_socket.typed_config.CopyFrom(pack(tls))
    return blob(plain.name, cluster)


async def rejected(serving: Serving, envoy: EnvoyProcess, *expected: tuple[str, str]) -> None:
    """Wait until exactly these (type URL, name) are rejected."""

    async def found() -> list[tuple[str, str]]:
        status = serving.status()
        return sorted((r.type_url, r.name) for r in status.rejections) if status else []

    await envoy.wait_until(found, equals=sorted(expected))


async def test_refused_clusters_do_not_hold_up_good_ones(serve: Serve, connect: Connect) -> None:
    serving = await serve(World())
    envoy = await connect(serving)
    good = [eds_cluster(f"good-{i}") for i in range(5)]
    serving.world.add(*good, *(endpoints(b.name, ("127.0.0.1", 9)) for b in good))
    serving.world.add(invalid_cluster("breaks-a-constraint"), impossible_cluster("cannot-be-built"))
    serving.publish()
    await rejected(serving, envoy, (CLUSTER, "breaks-a-constraint"), (CLUSTER, "cannot-be-built"))
    for item in good:
        await envoy.wait_version("dynamic_active_clusters", item.name, item.version)
    reasons = {r.name: r.reason for r in (await serving.settled(envoy, "rejected")).rejections}
    assert "ConnectTimeout: value must be greater than 0s" in reasons["breaks-a-constraint"]
    assert "debugproto" not in reasons["breaks-a-constraint"]
    assert "cluster provided LB specified" in reasons["cannot-be-built"]


async def test_refused_resource_is_not_sent_again_until_it_changes(serve: Serve, connect: Connect) -> None:
    serving = await serve(World())
    envoy = await connect(serving)
    serving.world.add(impossible_cluster("bad"))
    serving.publish()
    await rejected(serving, envoy, (CLUSTER, "bad"))
    refused = await envoy.stat("cluster_manager.cds.update_rejected")
    for name in ("one", "two"):
        item = eds_cluster(name)
        serving.world.add(item, endpoints(name, ("127.0.0.1", 9)))
        serving.publish()
        await envoy.wait_version("dynamic_active_clusters", name, item.version)
    assert await envoy.stat("cluster_manager.cds.update_rejected") == refused
    await rejected(serving, envoy, (CLUSTER, "bad"))
    mended = eds_cluster("bad")
    serving.world.add(mended, endpoints("bad", ("127.0.0.1", 9)))
    serving.publish()
    await envoy.wait_version("dynamic_active_clusters", "bad", mended.version)
    await serving.settled(envoy)


async def test_refused_listeners(serve: Serve, connect: Connect, calls: Calls) -> None:
    serving = await serve(World())
    envoy = await connect(serving)
    serving.world.table("80", answering_host("80", "a", ["a.test"], "a"))
    serving.world.add(invalid_listener("bad"), invalid_listener("worse"))
    serving.publish()
    await calls(envoy, "80").until("a.test", (200, "a"))
    await rejected(serving, envoy, (LISTENER, "bad"), (LISTENER, "worse"))
    del serving.world.listeners["bad"], serving.world.listeners["worse"]
    serving.publish()
    await serving.settled(envoy)


async def test_refused_route_table(serve: Serve, connect: Connect, calls: Calls) -> None:
    world = World()
    for name in ("80", "81", "82"):
        world.add(rds_listener(name, name), inline_table(name, 201))
    serving = await serve(world)
    envoy = await connect(serving)
    await calls(envoy, "82").until("x.test", 201)
    world.add(inline_table("80", 202), inline_table("81", 999), inline_table("82", 202))
    serving.publish()
    await calls(envoy, "80").until("x.test", 202)
    await calls(envoy, "82").until("x.test", 202)
    await rejected(serving, envoy, (ROUTE, "81"))
    assert (await calls(envoy, "81").get("x.test"))[0] == 201


async def test_refused_endpoints(serve: Serve, connect: Connect, calls: Calls) -> None:
    server, port = await upstream("ok")
    serving = await serve(world_towards(port))
    world = serving.world
    world.add(eds_cluster("other"), endpoints("other", ("127.0.0.1", port)))
    envoy = await connect(serving)
    web = calls(envoy, "80")
    await web.until("web.test", (200, "ok"))
    second, other_port = await upstream("moved")
    world.add(endpoints("web", ("127.0.0.1", other_port)), endpoints("other", ("127.0.0.1", 70000)))
    serving.publish()
    await web.until("web.test", (200, "moved"))
    await rejected(serving, envoy, (ENDPOINT, "other"))
    server.close()
    second.close()


async def test_refused_virtual_host_names_its_table_and_host(serve: Serve, connect: Connect, calls: Calls) -> None:
    world = World()
    world.table("80", answering_host("80", "a", ["a.test"], "a"))
    serving = await serve(world)
    envoy = await connect(serving)
    await calls(envoy, "80").until("a.test", (200, "a"))
    world.add(answering_host("80", "b", ["b.test"], "b"), routing_host("80", "bad", ["bad.test"], ""))
    serving.publish()
    await calls(envoy, "80").until("b.test", (200, "b"))
    await rejected(serving, envoy, (VIRTUAL_HOST, "80/bad"))


async def updates(envoy: EnvoyProcess) -> dict[str, int]:
    """How many updates of each kind Envoy has taken."""
    names = [
        "cluster_manager.cds.update_success",
        "cluster.web.update_success",
        "listener_manager.lds.update_success",
        "http.80.rds.80.update_success",
        "http.80.rds.vhds.80.update_success",
        "http.81.rds.vhds.81.update_success",
    ]
    return {name: await envoy.stat(name) for name in names}


async def test_restarted_server_sends_only_what_differs(serve: Serve, connect: Connect, calls: Calls) -> None:
    server, port = await upstream("ok")
    world = world_towards(port)
    world.table("81", answering_host("81", "c", ["c.test"], "c"), answering_host("81", "d", ["d.test"], "d"))
    serving = await serve(world)
    envoy = await connect(serving)
    await calls(envoy, "81").until("c.test", (200, "c"))
    await calls(envoy, "80").until("web.test", (200, "ok"))
    await serving.settled(envoy)
    before = await updates(envoy)
    assert all(before.values())
    await serving.stop()
    assert await calls(envoy, "80").get("web.test") == (200, "ok")

    again = await Serving(world).start(serving.address)
    try:
        await again.settled(envoy)
        assert await updates(envoy) == before

        world.add(answering_host("81", "c", ["c.test"], "new"))
        again.publish()
        await calls(envoy, "81").until("c.test", (200, "new"))
        before["http.81.rds.vhds.81.update_success"] += 1
        assert await updates(envoy) == before
    finally:
        await again.stop()
        server.close()


async def test_change_while_the_server_was_away(serve: Serve, connect: Connect, calls: Calls) -> None:
    world = World()
    world.table("80", answering_host("80", "a", ["a.test"], "a"), answering_host("80", "b", ["b.test"], "b"))
    world.add(eds_cluster("old"), endpoints("old", ("127.0.0.1", 9)), vhds_table("80"))
    serving = await serve(world)
    envoy = await connect(serving)
    web = calls(envoy, "80")
    await web.until("a.test", (200, "a"))
    await serving.settled(envoy)
    await serving.stop()
    del world.hosts["80"]["80/a"], world.clusters["old"], world.endpoints["old"]
    world.add(answering_host("80", "b", ["b.test"], "changed"), answering_host("80", "c", ["a.test"], "c"))
    again = await Serving(world).start(serving.address)
    try:
        await web.until("a.test", (200, "c"))
        assert await web.get("b.test") == (200, "changed")
        await again.settled(envoy)
        assert await envoy.versions("dynamic_active_clusters") == {}
    finally:
        await again.stop()
