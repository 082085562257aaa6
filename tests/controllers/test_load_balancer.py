# SPDX-License-Identifier: Apache-2.0
"""The addresses of LoadBalancer Services."""

from __future__ import annotations

from typing import Any

from lateen.controllers.kinds import SERVICE
from tests.controllers.conftest import Cluster


def service(name: str, at: str, **spec: Any) -> dict[str, Any]:
    meta = {"name": name, "annotations": {"at": at}}
    ports = [{"port": 80}]
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": ports, **spec}}


async def ingress(cluster: Cluster, name: str) -> Any:
    found = await cluster.client.get(SERVICE, name, "default")
    return found["status"]["loadBalancer"].get("ingress")


async def test_addresses_come_change_and_go(cluster: Cluster) -> None:
    body = service("web", "192.0.2.1 2001:db8::1 web.example", type="LoadBalancer")
    await cluster.client.create(SERVICE, body, "default")
    assert await cluster.until(lambda: ingress(cluster, "web")) == [
        {"ip": "192.0.2.1", "ipMode": "VIP"},
        {"ip": "2001:db8::1", "ipMode": "VIP"},
        {"hostname": "web.example"},
    ]

    async def moved() -> bool:
        return bool(await ingress(cluster, "web") == [{"ip": "192.0.2.2", "ipMode": "VIP"}])

    await cluster.client.patch(SERVICE, "web", {"metadata": {"annotations": {"at": "192.0.2.2"}}}, "default")
    await cluster.until(moved)

    async def gone() -> bool:
        return await ingress(cluster, "web") is None

    await cluster.client.patch(SERVICE, "web", {"spec": {"type": "ClusterIP"}}, "default")
    await cluster.until(gone)
    assert cluster.trouble == []


async def test_others_services_are_left_alone(cluster: Cluster) -> None:
    theirs = service("theirs", "192.0.2.1", type="LoadBalancer", loadBalancerClass="example.com/other")
    await cluster.client.create(SERVICE, theirs, "default")
    await cluster.client.create(SERVICE, service("inside", "192.0.2.1"), "default")
    await cluster.client.create(SERVICE, service("last", "192.0.2.1", type="LoadBalancer"), "default")
    # Keys are taken in order: when the last has its address, the others were looked at.
    await cluster.until(lambda: ingress(cluster, "last"))
    assert await ingress(cluster, "theirs") is None
    assert await ingress(cluster, "inside") is None
