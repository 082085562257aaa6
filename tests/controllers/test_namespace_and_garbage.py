# SPDX-License-Identifier: Apache-2.0
"""Namespaces on their way out, what every namespace has, and garbage collection by owner."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.controllers.kinds import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT
from lateen.kube.client import Object
from lateen.kube.errors import ApiError
from tests.controllers.conftest import Cluster


def config_map(name: str, *owners: Object, namespace: str = "default", **meta: Any) -> Object:
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
        for owner in owners
    ]
    metadata = {"name": name, "namespace": namespace, "ownerReferences": references, **meta}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


async def maps(cluster: Cluster, namespace: str = "default") -> set[str]:
    found, _ = await cluster.client.list(CONFIG_MAP, namespace)
    return {o["metadata"]["name"] for o in found} - {"kube-root-ca.crt"}


async def make(cluster: Cluster, name: str, *owners: Object, **meta: Any) -> Object:
    return await cluster.client.create(CONFIG_MAP, config_map(name, *owners, **meta), "default")


async def test_every_namespace_has_an_account_and_the_certificate_and_gets_them_back(cluster: Cluster) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    await cluster.client.create(NAMESPACE, body)
    await cluster.until(lambda: cluster.names(SERVICE_ACCOUNT, "shop"))
    await cluster.until(lambda: cluster.names(CONFIG_MAP, "shop"))
    found = await cluster.client.get(CONFIG_MAP, "kube-root-ca.crt", "shop")
    assert found["data"] == {"ca.crt": "the certificate"}
    await cluster.client.delete(SERVICE_ACCOUNT, "default", "shop")
    await cluster.client.patch(CONFIG_MAP, "kube-root-ca.crt", {"data": {"ca.crt": "another"}}, "shop")

    async def mended() -> bool:
        again = await cluster.client.get(CONFIG_MAP, "kube-root-ca.crt", "shop")
        return again["data"] == {"ca.crt": "the certificate"} and bool(await cluster.names(SERVICE_ACCOUNT, "shop"))

    await cluster.until(mended)


async def test_a_deleted_namespace_is_emptied_first(cluster: Cluster) -> None:
    await cluster.client.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    held = config_map("held", namespace="shop", finalizers=["example.com/wait"])
    await cluster.client.create(CONFIG_MAP, held, "shop")
    await cluster.client.create(CONFIG_MAP, config_map("free", namespace="shop"), "shop")
    await cluster.client.delete(NAMESPACE, "shop")

    async def only_held() -> bool:
        return await maps(cluster, "shop") == {"held"}

    await cluster.until(only_held)
    assert (await cluster.client.get(NAMESPACE, "shop"))["status"]["phase"] == "Terminating"
    with pytest.raises(ApiError, match="being terminated"):
        await cluster.client.create(CONFIG_MAP, config_map("late", namespace="shop"), "shop")
    await cluster.client.patch(CONFIG_MAP, "held", {"metadata": {"finalizers": None}}, "shop")

    async def gone() -> bool:
        return "shop" not in await cluster.names(NAMESPACE, "")

    await cluster.until(gone)


async def test_dependents_go_with_the_last_of_their_owners(cluster: Cluster) -> None:
    first, second = await make(cluster, "first"), await make(cluster, "second")
    child = await make(cluster, "child", first, second)
    await make(cluster, "grandchild", child)
    await cluster.client.delete(CONFIG_MAP, "first", "default", propagation="Background")

    async def dropped() -> bool:
        found = await cluster.client.get(CONFIG_MAP, "child", "default")
        return [r["name"] for r in found["metadata"]["ownerReferences"]] == ["second"]

    await cluster.until(dropped)
    await cluster.client.delete(CONFIG_MAP, "second", "default", propagation="Background")

    async def empty() -> bool:
        return not await maps(cluster)

    await cluster.until(empty)


async def test_orphans_stay_and_are_nobodys(cluster: Cluster) -> None:
    owner = await make(cluster, "owner")
    await make(cluster, "child", owner)
    await cluster.client.delete(CONFIG_MAP, "owner", "default", propagation="Orphan")

    async def alone() -> bool:
        if await maps(cluster) != {"child"}:
            return False
        return not (await cluster.client.get(CONFIG_MAP, "child", "default"))["metadata"].get("ownerReferences")

    await cluster.until(alone)


async def test_in_the_foreground_the_owner_goes_last(cluster: Cluster) -> None:
    owner = await make(cluster, "owner")
    await make(cluster, "child", owner, finalizers=["example.com/wait"])
    await cluster.client.delete(CONFIG_MAP, "owner", "default", propagation="Foreground")

    async def child_leaving() -> bool:
        return bool((await cluster.client.get(CONFIG_MAP, "child", "default"))["metadata"].get("deletionTimestamp"))

    await cluster.until(child_leaving)
    assert "owner" in await maps(cluster)
    await cluster.client.patch(CONFIG_MAP, "child", {"metadata": {"finalizers": None}}, "default")

    async def empty() -> bool:
        return not await maps(cluster)

    await cluster.until(empty)
    assert cluster.trouble == []
