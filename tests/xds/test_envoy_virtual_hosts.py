# SPDX-License-Identifier: Apache-2.0
"""Virtual hosts over VHDS as a real Envoy takes them: the edges where acknowledged does not mean held."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.envoy_process import EnvoyProcess
from tests.xds.resources import World, answering_host, invalid_table, rds_listener, routing_host, vhds_table
from tests.xds.serving import Caller, Serving

Serve = Callable[[World], Awaitable[Serving]]
Connect = Callable[[Serving], Awaitable[EnvoyProcess]]
Calls = Callable[[EnvoyProcess, str], Caller]


def two_hosts() -> World:
    world = World()
    world.table("80", answering_host("80", "a", ["a.test"], "a"), answering_host("80", "b", ["b.test"], "b"))
    return world


async def test_deleted_host_is_gone(serve: Serve, connect: Connect, calls: Calls) -> None:
    serving = await serve(two_hosts())
    envoy = await connect(serving)
    web = calls(envoy, "80")
    await web.until("a.test", (200, "a"))
    del serving.world.hosts["80"]["80/a"]
    serving.publish()
    await web.until("a.test", 404)
    assert await web.get("b.test") == (200, "b")
    await serving.settled(envoy)


async def test_renamed_host_keeps_its_domain(serve: Serve, connect: Connect, calls: Calls) -> None:
    serving = await serve(two_hosts())
    envoy = await connect(serving)
    web = calls(envoy, "80")
    await web.until("a.test", (200, "a"))
    del serving.world.hosts["80"]["80/a"]
    serving.world.add(answering_host("80", "renamed", ["a.test"], "renamed"))
    serving.publish()
    await web.until("a.test", (200, "renamed"))
    await serving.settled(envoy)


async def test_moved_domain(serve: Serve, connect: Connect, calls: Calls) -> None:
    serving = await serve(two_hosts())
    envoy = await connect(serving)
    web = calls(envoy, "80")
    await web.until("a.test", (200, "a"))
    serving.world.add(
        answering_host("80", "a", ["other.test"], "a"), answering_host("80", "b", ["a.test", "b.test"], "b")
    )
    serving.publish()
    await web.until("a.test", (200, "b"))
    assert await web.get("other.test") == (200, "a")
    await serving.settled(envoy)


async def test_swapped_domains(serve: Serve, connect: Connect, calls: Calls) -> None:
    serving = await serve(two_hosts())
    envoy = await connect(serving)
    web = calls(envoy, "80")
    await web.until("a.test", (200, "a"))
    serving.world.add(answering_host("80", "a", ["b.test"], "a"), answering_host("80", "b", ["a.test"], "b"))
    serving.publish()
    await web.until("a.test", (200, "b"))
    assert await web.get("b.test") == (200, "a")
    await serving.settled(envoy)


async def test_duplicate_domain_refuses_one_host_and_no_other(serve: Serve, connect: Connect, calls: Calls) -> None:
    serving = await serve(two_hosts())
    envoy = await connect(serving)
    web = calls(envoy, "80")
    await web.until("a.test", (200, "a"))
    new = [answering_host("80", f"n{i}", [f"n{i}.test"], f"n{i}") for i in range(7)]
    serving.world.add(*new, answering_host("80", "thief", ["b.test"], "thief"))
    serving.publish()
    for i in range(7):
        await web.until(f"n{i}.test", (200, f"n{i}"))
    status = await serving.settled(envoy, "rejected")
    assert [(r.name, r.origin) for r in status.rejections] == [("80/thief", "the test's 80/thief")]
    assert await web.get("b.test") == (200, "b")
    serving.world.add(answering_host("80", "thief", ["honest.test"], "honest"))
    serving.publish()
    await web.until("honest.test", (200, "honest"))
    await serving.settled(envoy)


async def test_table_that_is_dropped_and_comes_back(serve: Serve, connect: Connect, calls: Calls) -> None:
    world = two_hosts()
    world.table("81", answering_host("81", "c", ["c.test"], "c"))
    serving = await serve(world)
    envoy = await connect(serving)
    await calls(envoy, "81").until("c.test", (200, "c"))
    del world.listeners["81"]
    serving.publish()

    async def dropped() -> bool:
        return "81" not in await envoy.versions("dynamic_route_configs")

    await envoy.wait_until(dropped)
    world.add(rds_listener("81", "81"))
    serving.publish()
    await calls(envoy, "81").until("c.test", (200, "c"))
    await serving.settled(envoy)


async def test_table_taken_away_with_its_listener_comes_back(serve: Serve, connect: Connect, calls: Calls) -> None:
    world = two_hosts()
    host = answering_host("81", "c", ["c.test"], "c")
    world.table("81", host)
    serving = await serve(world)
    envoy = await connect(serving)
    await calls(envoy, "81").until("c.test", (200, "c"))
    del world.listeners["81"], world.routes["81"], world.hosts["81"]
    serving.publish()

    async def dropped() -> bool:
        return "81" not in await envoy.versions("dynamic_route_configs")

    await envoy.wait_until(dropped)
    world.table("81", host)
    serving.publish()
    await calls(envoy, "81").until("c.test", (200, "c"))
    await serving.settled(envoy)


async def test_empty_table_opens_its_listener(serve: Serve, connect: Connect, calls: Calls) -> None:
    world = World()
    world.table("80")
    serving = await serve(world)
    envoy = await connect(serving)
    await envoy.wait_ready()
    web = calls(envoy, "80")
    await web.until("a.test", 404)
    world.add(answering_host("80", "a", ["a.test"], "a"))
    serving.publish()
    await web.until("a.test", (200, "a"))


async def test_changed_table_keeps_its_hosts(serve: Serve, connect: Connect, calls: Calls) -> None:
    serving = await serve(two_hosts())
    envoy = await connect(serving)
    web = calls(envoy, "80")
    await web.until("a.test", (200, "a"))
    updates = await envoy.stat("http.80.rds.80.update_success")
    serving.world.add(vhds_table("80", limit=9000))
    serving.publish()
    await envoy.wait_until(lambda: envoy.stat("http.80.rds.80.update_success"), at_least=updates + 1)
    assert await web.get("a.test") == (200, "a")
    await serving.settled(envoy)


async def test_many_edits_at_once_all_arrive(serve: Serve, connect: Connect, calls: Calls) -> None:
    serving = await serve(two_hosts())
    envoy = await connect(serving)
    web = calls(envoy, "80")
    await web.until("a.test", (200, "a"))
    for revision in range(200):
        serving.world.add(answering_host("80", f"h{revision % 5}", [f"h{revision % 5}.test"], f"r{revision}"))
        serving.publish()
    for i in range(5):
        await web.until(f"h{i}.test", (200, f"r{195 + i}"))
    await serving.settled(envoy)


async def test_36000_virtual_hosts_survive_a_reconnection(serve: Serve, connect: Connect, calls: Calls) -> None:
    """Envoy lists all of them in one request when it connects again, more than gRPC takes by default."""
    world = World()
    count = 36_000
    world.table("80", *(answering_host("80", f"{i:0120}", [f"{i}.test"], str(i)) for i in range(count)))
    serving = await serve(world)
    envoy = await connect(serving)
    web = calls(envoy, "80")
    await web.until("35999.test", (200, "35999"))
    await serving.settled(envoy)
    held = await envoy.stat("http.80.rds.vhds.80.update_success")
    await serving.stop()
    serving.world.add(answering_host("80", f"{7:0120}", ["7.test"], "new"))
    again = await serve_at(world, serving.address)
    try:
        await web.until("7.test", (200, "new"))
        status = await again.settled(envoy)
        assert not status.rejections
        assert await envoy.stat("http.80.rds.vhds.80.update_success") == held + 1
    finally:
        await again.stop()


async def serve_at(world: World, address: str) -> Serving:
    return await Serving(world).start(address)


async def test_table_whose_only_host_is_refused_opens_its_listener(
    serve: Serve, connect: Connect, calls: Calls
) -> None:
    world = World()
    world.table("80", routing_host("80", "bad", ["bad.test"], ""))
    serving = await serve(world)
    envoy = await connect(serving)
    await envoy.wait_ready()
    await calls(envoy, "80").until("bad.test", 404)
    await serving.settled(envoy, "rejected")


async def test_refused_table_does_not_cost_other_tables_their_hosts(
    serve: Serve, connect: Connect, calls: Calls
) -> None:
    """The refused response carried their tables as well, so their hosts came when there was no table for them."""
    world = World()
    world.table("79", answering_host("79", "a", ["a.test"], "a"))
    world.table("80", answering_host("80", "a", ["a.test"], "a"))
    world.table("81", answering_host("81", "a", ["a.test"], "a"))
    serving = await serve(world)
    envoy = await connect(serving)
    await calls(envoy, "80").until("a.test", (200, "a"))
    for name in ("90", "91", "92"):
        world.table(name, answering_host(name, "a", ["a.test"], name))
    world.add(invalid_table("91"))
    serving.publish()
    await calls(envoy, "90").until("a.test", (200, "90"))
    await calls(envoy, "92").until("a.test", (200, "92"))
    status = await serving.settled(envoy, "rejected")
    assert [r.name for r in status.rejections] == ["91"]
    world.add(vhds_table("91"))
    serving.publish()
    await calls(envoy, "91").until("a.test", (200, "91"))
    await serving.settled(envoy)
