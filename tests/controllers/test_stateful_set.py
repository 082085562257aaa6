# SPDX-License-Identifier: Apache-2.0
"""StatefulSets against the embedded API."""

from __future__ import annotations

from lateen.controllers.kinds import POD, STATEFUL_SET
from lateen.kube.client import JSON_PATCH, Object
from tests.controllers.conftest import Cluster


def stateful_set(replicas: int, policy: str = "OrderedReady", image: str = "db:1") -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "serviceName": "db",
            "podManagementPolicy": policy,
            "selector": {"matchLabels": {"app": "db"}},
            "template": {
                "metadata": {"labels": {"app": "db"}},
                "spec": {"containers": [{"name": "db", "image": image}]},
            },
        },
    }


async def images(cluster: Cluster) -> dict[str, str]:
    pods, _ = await cluster.client.list(POD, "default")
    return {p["metadata"]["name"]: p["spec"]["containers"][0]["image"] for p in pods}


async def ready(cluster: Cluster, replicas: int) -> None:
    async def done() -> bool:
        status = (await cluster.client.get(STATEFUL_SET, "db", "default")).get("status", {})
        return all(status.get(f, 0) == replicas for f in ("readyReplicas", "updatedReplicas", "replicas"))

    await cluster.until(done)


async def test_pods_have_ordinals_and_keep_their_names(cluster: Cluster) -> None:
    await cluster.client.create(STATEFUL_SET, stateful_set(3), "default")
    await ready(cluster, 3)
    pods, _ = await cluster.client.list(POD, "default")
    assert sorted(p["metadata"]["name"] for p in pods) == ["db-0", "db-1", "db-2"]
    made = sorted(pods, key=lambda p: int(p["metadata"]["resourceVersion"]))
    assert made[0]["spec"]["hostname"] == made[0]["metadata"]["name"]
    assert {p["spec"]["subdomain"] for p in pods} == {"db"}
    await cluster.client.delete(POD, "db-1", "default")

    async def back() -> bool:
        found, _ = await cluster.client.list(POD, "default")
        uids = {p["metadata"]["uid"] for p in pods}
        return len(found) == 3 and any(
            p["metadata"]["name"] == "db-1" and p["metadata"]["uid"] not in uids for p in found
        )

    await cluster.until(back)


async def test_an_unready_pod_holds_up_the_next_one_unless_parallel(cluster: Cluster) -> None:
    await cluster.client.create(STATEFUL_SET, stateful_set(3, image="broken"), "default")

    async def first() -> bool:
        pods, _ = await cluster.client.list(POD, "default")
        return bool(pods and pods[0].get("status", {}).get("podIP"))

    await cluster.until(first)
    assert list(await images(cluster)) == ["db-0"]
    await cluster.client.delete(STATEFUL_SET, "db", "default", propagation="Background")

    async def empty() -> bool:
        return not await images(cluster)

    await cluster.until(empty)
    await cluster.client.create(STATEFUL_SET, stateful_set(3, "Parallel", "broken"), "default")

    async def all_there() -> bool:
        return len(await images(cluster)) == 3

    await cluster.until(all_there)


async def test_updates_go_from_the_last_to_the_first_and_stop_at_the_partition(cluster: Cluster) -> None:
    body = stateful_set(3)
    body["spec"]["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    await cluster.client.create(STATEFUL_SET, body, "default")
    await ready(cluster, 3)
    change = [{"op": "add", "path": "/spec/template/spec/containers/0/image", "value": "db:2"}]
    await cluster.client.patch(STATEFUL_SET, "db", change, "default", content_type=JSON_PATCH)

    async def partly() -> bool:
        return await images(cluster) == {"db-0": "db:1", "db-1": "db:2", "db-2": "db:2"}

    await cluster.until(partly)
    change = [{"op": "add", "path": "/spec/updateStrategy/rollingUpdate/partition", "value": 0}]
    await cluster.client.patch(STATEFUL_SET, "db", change, "default", content_type=JSON_PATCH)
    await ready(cluster, 3)
    assert set((await images(cluster)).values()) == {"db:2"}


async def test_scaling_down_takes_the_last_first(cluster: Cluster) -> None:
    await cluster.client.create(STATEFUL_SET, stateful_set(3), "default")
    await ready(cluster, 3)
    change = [{"op": "add", "path": "/spec/replicas", "value": 1}]
    await cluster.client.patch(STATEFUL_SET, "db", change, "default", content_type=JSON_PATCH)
    await ready(cluster, 1)
    assert list(await images(cluster)) == ["db-0"]
