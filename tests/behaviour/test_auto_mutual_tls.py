# SPDX-License-Identifier: Apache-2.0
"""Who gets mutual TLS without having asked: servers with a sidecar that take it, unless a DestinationRule says else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compile.listeners.sidecars import document, endpoints, service
from tests.mesh.traffic import http_server
from tests.mesh_namespaces import Mesh, Pod

ADDRESS = "10.96.0.1"
PROOF = "x-forwarded-client-cert"


async def world(mesh: Mesh) -> Pod:
    """A client of one service that a pod with a sidecar and one without serve."""
    client, inside, outside = (
        await mesh.pod("client"),
        await mesh.pod("inside", labels={"app": "web"}),
        await mesh.pod("outside", sidecar=False, labels={"app": "web"}),
    )
    for pod in (inside, outside):
        await pod.serve(8080, http_server(pod.name))
    await mesh.apply(
        service("web", ADDRESS, ("http", 8080)),
        endpoints("web", "http", 8080, inside.address, outside.address),
        document(
            "DestinationRule", "web", {"host": "web", "trafficPolicy": {"loadBalancer": {"simple": "ROUND_ROBIN"}}}
        ),
    )
    return client


def rule(mode: str, **more: Any) -> str:
    traffic = {"loadBalancer": {"simple": "ROUND_ROBIN"}, "tls": {"mode": mode}, **more}
    return document("DestinationRule", "web", {"host": "web", "trafficPolicy": traffic})


def peer_authentication(mode: str) -> str:
    return document("PeerAuthentication", "web", {"selector": {"matchLabels": {"app": "web"}}, "mtls": {"mode": mode}})


async def seen(client: Pod) -> set[tuple[str, bool]]:
    """Which servers answer, and whether they were shown who calls; failures by their status."""
    found: set[tuple[str, bool]] = set()
    for _ in range(8):
        answer = await client.get(ADDRESS, 8080, host="web")
        known = answer.status == 200
        found.add((answer.seen["server"], PROOF in answer.seen["headers"]) if known else (str(answer.status), False))
    return found


async def test_each_endpoint_gets_what_it_takes(mesh: Mesh) -> None:
    client = await world(mesh)
    assert await seen(client) == {("inside", True), ("outside", False)}


async def test_a_rule_can_turn_it_off_or_insist_on_it(mesh: Mesh) -> None:
    client = await world(mesh)
    await mesh.apply(rule("DISABLE"))
    assert await seen(client) == {("inside", False), ("outside", False)}
    await mesh.apply(rule("ISTIO_MUTUAL"))
    # The other fails, and what fails to connect is tried again elsewhere.
    assert await seen(client) == {("inside", True)}


@pytest.mark.parametrize(("mode", "proven"), [("DISABLE", False), ("PERMISSIVE", True), ("STRICT", True)])
async def test_servers_say_what_they_take(mesh: Mesh, mode: str, proven: bool) -> None:
    client = await world(mesh)
    await mesh.apply(peer_authentication(mode))
    assert await seen(client) == {("inside", proven), ("outside", False)}


async def test_plaintext_to_a_strict_server_fails(mesh: Mesh) -> None:
    client = await world(mesh)
    await mesh.apply(peer_authentication("STRICT"), rule("DISABLE"))
    assert await seen(client) == {("503", False), ("outside", False)}


async def test_a_subset_or_port_may_differ(mesh: Mesh) -> None:
    client = await world(mesh)
    own = {"port": {"number": 8080}, "tls": {"mode": "DISABLE"}}
    await mesh.apply(rule("ISTIO_MUTUAL", portLevelSettings=[own]))
    # What a port leaves open is the default, not the rule's.
    assert await seen(client) == {("inside", False), ("outside", False)}
    subset = {"name": "all", "labels": {"app": "web"}, "trafficPolicy": {"tls": {"mode": "DISABLE"}}}
    whole = {"host": "web", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}, "subsets": [subset]}
    to = {"route": [{"destination": {"host": "web", "subset": "all"}}]}
    await mesh.apply(
        document("DestinationRule", "web", whole), document("VirtualService", "web", {"hosts": ["web"], "http": [to]})
    )
    assert await seen(client) == {("inside", False), ("outside", False)}


async def test_the_mesh_can_do_without(start_mesh: Any) -> None:
    client = await world(await start_mesh("enableAutoMtls: false"))
    assert await seen(client) == {("inside", False), ("outside", False)}
