# SPDX-License-Identifier: Apache-2.0
"""Requests stay near while somebody near is well: failover, failoverPriority and distribution between localities."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.compile.workload import Locality
from tests.behaviour.backend import Backend, ask, policy, serve, who
from tests.compile.listeners.sidecars import entry
from tests.mesh_namespaces import Mesh, Pod

PLACES = {"near": "r1/a", "zone": "r1/b", "region": "r2/a", "far": "r3/a"}
EJECT = {"consecutive5xxErrors": 1, "interval": "1h", "baseEjectionTime": "1h", "maxEjectionPercent": 100}


def near(**settings: Any) -> str:
    return policy(outlierDetection=EJECT, loadBalancer={"simple": "ROUND_ROBIN", "localityLbSetting": settings or None})


async def world(mesh: Mesh, policy_text: str) -> tuple[Pod, dict[str, Backend]]:
    """A client in zone a of region r1, and one server in each place."""
    found = await serve(mesh, *PLACES)
    ends = [
        {"address": pod.address, "locality": PLACES[name], "ports": {"http": 8080}, "labels": {"rank": name}}
        for name, (pod, _) in found.items()
    ]
    client = await mesh.pod("client", locality=Locality("r1", "a"), labels={"rank": "far"})
    service = entry("web", "web.test", port=80, protocol="HTTP", resolution="STATIC", endpoints=ends)
    await mesh.apply(service, policy_text)
    return client, {name: backend for name, (_, backend) in found.items()}


async def eject(client: Pod, backend: Backend) -> None:
    """Make the server that answers ill, and have the client find out."""
    backend.status = 500
    assert (await ask(client)).status == 500
    assert client.sidecar is not None

    async def gone() -> bool:
        return (await ask(client)).status == 200

    await client.sidecar.wait_until(gone)


async def test_the_nearest_server_that_is_well_answers(mesh: Mesh) -> None:
    client, servers = await world(mesh, near())
    assert await who(client, 8) == {"near": 8}
    await eject(client, servers["near"])
    assert await who(client, 8) == {"zone": 8}
    await eject(client, servers["zone"])
    # Both other regions are equally far.
    assert set(await who(client, 20)) == {"region", "far"}


async def test_a_region_can_be_named_to_fail_over_to(mesh: Mesh) -> None:
    client, servers = await world(mesh, near(failover=[{"from": "r1", "to": "r3"}]))
    await eject(client, servers["near"])
    await eject(client, servers["zone"])
    assert await who(client, 8) == {"far": 8}
    await eject(client, servers["far"])
    assert await who(client, 8) == {"region": 8}


async def test_labels_can_rank_servers(mesh: Mesh) -> None:
    client, servers = await world(mesh, near(failoverPriority=["rank"]))
    assert await who(client, 8) == {"far": 8}
    await eject(client, servers["far"])
    assert set(await who(client, 20)) == {"near", "zone", "region"}


@pytest.mark.parametrize("everything", ["r1/a/*", "r1/*"])
async def test_shares_are_as_distributed(mesh: Mesh, everything: str) -> None:
    shares = {"from": everything, "to": {"r2/*": 75, "r3/a": 25}}
    client, _ = await world(mesh, near(distribute=[shares]))
    found = await who(client, 80)
    assert set(found) == {"region", "far"}
    assert 45 <= found["region"] <= 75


async def test_without_locality_settings_all_servers_share(mesh: Mesh) -> None:
    client, _ = await world(mesh, near(enabled=False))
    assert set(await who(client, 24)) == set(PLACES)
