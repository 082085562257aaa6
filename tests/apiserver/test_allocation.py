# SPDX-License-Identifier: Apache-2.0
"""Cluster IPs and node ports: nobody gets what another has, and what is given back can be had again."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.apiserver.allocation import ServiceAddresses
from lateen.apiserver.operations.call import Call, User
from lateen.apiserver.registry.catalogue import Catalogue, builtin_kinds
from lateen.apiserver.status import ApiError
from lateen.apiserver.store.journal import MemoryJournal
from lateen.apiserver.store.memory import Store
from lateen.apiserver.store.revision import Key

KIND = Catalogue(builtin_kinds()).find("", "v1", "services")


class World:
    """Addresses over a store, as the server has them."""

    def __init__(self, network: str = "10.96.0.0/24") -> None:
        self.store = Store(MemoryJournal())
        self.addresses = ServiceAddresses(self.store, network)
        self.store.listeners.append(self.addresses.publish)

    def ask(self, name: str, *, dry_run: bool = False, **spec: Any) -> dict[str, Any]:
        assert KIND is not None
        call = Call("create", KIND, "v1", "default", name, "", {}, User("test"))
        ports = [{"port": 80, "protocol": "TCP"}]
        document = {
            "metadata": {"name": name, "uid": f"uid-{name}"},
            "spec": {"type": "ClusterIP", "ports": ports, **spec},
        }
        self.addresses.allocate(call, Key("services", "default", name), document, dry_run=dry_run)
        return document

    async def make(self, name: str, **spec: Any) -> dict[str, Any]:
        document = self.ask(name, **spec)
        await self.store.put(Key("services", "default", name), document)
        found: dict[str, Any] = document["spec"]
        return found


async def test_every_service_has_its_own() -> None:
    world = World()
    given = [(await world.make(f"s{number}"))["clusterIP"] for number in range(100)]
    assert len(set(given)) == 100


async def test_a_range_has_an_end() -> None:
    world = World("10.0.0.0/27")
    with pytest.raises(ApiError, match="range is full"):
        for number in range(40):
            await world.make(f"s{number}")


async def test_given_back_and_had_again() -> None:
    world = World()
    address = (await world.make("a", clusterIP="10.96.0.77"))["clusterIP"]
    with pytest.raises(ApiError, match="already allocated"):
        world.ask("b", clusterIP=address)
    await world.store.delete(Key("services", "default", "a"), {"metadata": {}, "spec": {}})
    assert (await world.make("b", clusterIP=address))["clusterIP"] == address


async def test_a_dry_run_keeps_nothing() -> None:
    world = World()
    address = world.ask("a", dry_run=True)["spec"]["clusterIP"]
    assert (await world.make("b", clusterIP=address))["clusterIP"] == address


@pytest.mark.parametrize(
    ("address", "why"), [("10.97.0.1", "does not match"), ("nonsense", "valid IP"), ("::1", "match")]
)
def test_addresses_that_cannot_be(address: str, why: str) -> None:
    with pytest.raises(ApiError, match=why):
        World().ask("a", clusterIP=address)


async def test_headless_and_external_services_take_none() -> None:
    world = World()
    assert (await world.make("a", clusterIP="None"))["clusterIPs"] == ["None"]
    assert "clusterIP" not in await world.make("b", type="ExternalName", externalName="x")


async def test_node_ports() -> None:
    world = World()
    first = await world.make("a", type="NodePort")
    port = first["ports"][0]["nodePort"]
    assert 30000 <= port <= 32767
    wanted = [{"port": 80, "protocol": "TCP", "nodePort": port}]
    with pytest.raises(ApiError, match="already allocated"):
        world.ask("b", type="NodePort", ports=wanted)
    with pytest.raises(ApiError, match="valid range"):
        world.ask("b", type="NodePort", ports=[{"port": 80, "protocol": "TCP", "nodePort": 80}])
    quiet = await world.make("c", type="LoadBalancer", allocateLoadBalancerNodePorts=False)
    assert "nodePort" not in quiet["ports"][0]
    local = await world.make("d", type="LoadBalancer", externalTrafficPolicy="Local")
    assert local["healthCheckNodePort"] not in (port, local["ports"][0]["nodePort"])


async def test_what_is_stored_already_is_taken() -> None:
    world = World()
    taken = await world.make("a", type="NodePort")
    later = ServiceAddresses(world.store, "10.96.0.0/24")
    world.addresses = later
    with pytest.raises(ApiError, match="already allocated"):
        world.ask("b", clusterIP=taken["clusterIP"])
