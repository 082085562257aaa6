# SPDX-License-Identifier: Apache-2.0
"""Deployments and ReplicaSets against the embedded API."""

from __future__ import annotations

from typing import Any

from lateen.controllers.kinds import DEPLOYMENT, POD, REPLICA_SET
from lateen.controllers.pod_state import condition
from lateen.kube.client import JSON_PATCH, Object
from tests.controllers.conftest import Cluster


def deployment(replicas: int = 3, image: str = "web:1", **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": image}]},
            },
            **spec,
        },
    }


async def settled(cluster: Cluster, replicas: int) -> Object:
    """The Deployment when it is complete: all pods of its template, all available, no other ones."""

    async def done() -> Object | None:
        found = await cluster.client.get(DEPLOYMENT, "web", "default")
        status = found.get("status", {})
        complete = status.get("observedGeneration") == found["metadata"]["generation"] and all(
            status.get(field, 0) == replicas for field in ("replicas", "updatedReplicas", "availableReplicas")
        )
        return found if complete else None

    found: Object = await cluster.until(done)
    return found


async def patch(cluster: Cluster, *changes: tuple[str, Any]) -> None:
    body = [{"op": "add", "path": path, "value": value} for path, value in changes]
    await cluster.client.patch(DEPLOYMENT, "web", body, "default", content_type=JSON_PATCH)


IMAGE = "/spec/template/spec/containers/0/image"


async def test_it_makes_pods_and_says_so(cluster: Cluster) -> None:
    await cluster.client.create(DEPLOYMENT, deployment(3), "default")
    found = await settled(cluster, 3)
    assert [c["type"] for c in found["status"]["conditions"]] == ["Available", "Progressing"]
    assert (condition(found, "Progressing") or {})["reason"] == "NewReplicaSetAvailable"
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    pods, _ = await cluster.client.list(POD, "default")
    (replica_set,) = await cluster.names(REPLICA_SET)
    hash_ = replica_set.removeprefix("web-")
    assert all(p["metadata"]["name"].startswith(f"{replica_set}-") for p in pods)
    assert all(p["metadata"]["labels"]["pod-template-hash"] == hash_ for p in pods)


async def test_scaling_keeps_the_pods_that_stay(cluster: Cluster) -> None:
    await cluster.client.create(DEPLOYMENT, deployment(2), "default")
    await settled(cluster, 2)
    first = set(await cluster.names(POD))
    await patch(cluster, ("/spec/replicas", 4))
    await settled(cluster, 4)
    assert first <= set(await cluster.names(POD))
    await patch(cluster, ("/spec/replicas", 1))
    await settled(cluster, 1)
    assert len(await cluster.names(REPLICA_SET)) == 1


async def test_a_new_template_rolls_out_within_surge_and_unavailable(cluster: Cluster) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    await cluster.client.create(DEPLOYMENT, deployment(3, strategy=strategy), "default")
    await settled(cluster, 3)
    seen: list[tuple[int, int]] = []

    async def rolled() -> bool:
        pods, _ = await cluster.client.list(POD, "default")
        active = [p for p in pods if not p["metadata"].get("deletionTimestamp")]
        ready = [p for p in active if (condition(p, "Ready") or {}).get("status") == "True"]
        seen.append((len(active), len(ready)))
        return all(p["spec"]["containers"][0]["image"] == "web:2" for p in pods) and len(pods) == 3

    await patch(cluster, (IMAGE, "web:2"))
    await cluster.until(rolled)
    assert max(active for active, _ in seen) <= 4
    assert min(ready for _, ready in seen) >= 3
    found = await settled(cluster, 3)
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    sizes = {s["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: s["spec"]["replicas"]
             for s in (await cluster.client.list(REPLICA_SET, "default"))[0]}  # fmt: skip
    assert sizes == {"1": 0, "2": 3}


async def test_a_broken_template_stops_before_it_hurts_and_can_be_undone(cluster: Cluster) -> None:
    await cluster.client.create(DEPLOYMENT, deployment(4, progressDeadlineSeconds=1), "default")
    await settled(cluster, 4)
    await patch(cluster, (IMAGE, "broken"))

    async def failed() -> bool:
        found = await cluster.client.get(DEPLOYMENT, "web", "default")
        return (condition(found, "Progressing") or {}).get("reason") == "ProgressDeadlineExceeded"

    await cluster.until(failed)
    found = await cluster.client.get(DEPLOYMENT, "web", "default")
    assert found["status"]["availableReplicas"] == 3, "a quarter of four may be unavailable"
    await patch(cluster, (IMAGE, "web:1"))
    found = await settled(cluster, 4)
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert len(await cluster.names(REPLICA_SET)) == 2, "the first template's ReplicaSet is used again"


async def test_recreate_waits_for_the_old_pods_to_be_gone(cluster: Cluster) -> None:
    await cluster.client.create(DEPLOYMENT, deployment(2, strategy={"type": "Recreate"}), "default")
    await settled(cluster, 2)
    images: list[set[str]] = []

    async def replaced() -> bool:
        pods, _ = await cluster.client.list(POD, "default")
        images.append({p["spec"]["containers"][0]["image"] for p in pods})
        return images[-1] == {"web:2"} and len(pods) == 2

    await patch(cluster, (IMAGE, "web:2"))
    await cluster.until(replaced)
    assert {"web:1", "web:2"} not in images


async def test_a_paused_deployment_scales_but_does_not_roll_out(cluster: Cluster) -> None:
    await cluster.client.create(DEPLOYMENT, deployment(2), "default")
    await settled(cluster, 2)
    await patch(cluster, ("/spec/paused", True))
    await patch(cluster, (IMAGE, "web:2"), ("/spec/replicas", 3))

    async def scaled() -> bool:
        pods, _ = await cluster.client.list(POD, "default")
        return len(pods) == 3 and {p["spec"]["containers"][0]["image"] for p in pods} == {"web:1"}

    await cluster.until(scaled)
    await patch(cluster, ("/spec/paused", False))
    await settled(cluster, 3)
    pods, _ = await cluster.client.list(POD, "default")
    assert {p["spec"]["containers"][0]["image"] for p in pods} == {"web:2"}


async def test_history_is_kept_up_to_its_limit(cluster: Cluster) -> None:
    await cluster.client.create(DEPLOYMENT, deployment(1, revisionHistoryLimit=1), "default")
    await settled(cluster, 1)
    for number in (2, 3, 4):
        await patch(cluster, (IMAGE, f"web:{number}"))
        await settled(cluster, 1)

    async def cleaned() -> bool:
        return len(await cluster.names(REPLICA_SET)) == 2

    await cluster.until(cleaned)


async def test_a_deleted_pod_comes_back_and_a_deleted_deployment_takes_all_with_it(cluster: Cluster) -> None:
    await cluster.client.create(DEPLOYMENT, deployment(2), "default")
    await settled(cluster, 2)
    first, _ = await cluster.names(POD)
    await cluster.client.delete(POD, first, "default")

    async def back() -> bool:
        names = await cluster.names(POD)
        return len(names) == 2 and first not in names

    await cluster.until(back)
    await cluster.client.delete(DEPLOYMENT, "web", "default", propagation="Background")

    async def gone() -> bool:
        return not await cluster.names(POD) and not await cluster.names(REPLICA_SET)

    await cluster.until(gone)
    assert cluster.trouble == []


async def test_pods_that_match_are_adopted_and_let_go(cluster: Cluster) -> None:
    orphan: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "orphan", "namespace": "default", "labels": {"app": "loose"}},
        "spec": {"containers": [{"name": "web", "image": "web:1"}]},
    }
    await cluster.client.create(POD, orphan, "default")
    body = deployment(2)
    replica_set = {**body, "kind": "ReplicaSet", "metadata": {"name": "loose", "namespace": "default"}}
    replica_set["spec"] = {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "loose"}},
        "template": {**body["spec"]["template"], "metadata": {"labels": {"app": "loose"}}},
    }
    await cluster.client.create(REPLICA_SET, replica_set, "default")

    async def adopted() -> bool:
        found = await cluster.client.get(POD, "orphan", "default")
        return len(await cluster.names(POD)) == 2 and bool(found["metadata"].get("ownerReferences"))

    await cluster.until(adopted)
    await cluster.client.patch(POD, "orphan", {"metadata": {"labels": {"app": "other"}}}, "default")

    async def let_go() -> bool:
        found = await cluster.client.get(POD, "orphan", "default")
        return len(await cluster.names(POD)) == 3 and not found["metadata"].get("ownerReferences")

    await cluster.until(let_go)
