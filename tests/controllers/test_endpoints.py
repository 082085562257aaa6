# SPDX-License-Identifier: Apache-2.0
"""EndpointSlices: of Services with a selector, and copies of Endpoints written by hand."""

from __future__ import annotations

from typing import Any

from lateen.controllers.kinds import ENDPOINT_SLICE, ENDPOINTS, POD, SERVICE
from lateen.kube.client import Object
from tests.controllers.conftest import Cluster


def pod(name: str, image: str = "web:1", **labels: str) -> Object:
    ports = [{"name": "web", "containerPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": labels or {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": image, "ports": ports}]},
    }


def service(**spec: Any) -> Object:
    body = {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "web"}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"}, "spec": body}


async def endpoints(cluster: Cluster) -> dict[str, tuple[bool, int]]:
    """pod -> (ready, port), over all slices of the Service."""
    slices, _ = await cluster.client.list(ENDPOINT_SLICE, "default", labelSelector="kubernetes.io/service-name=web")
    return {
        endpoint["targetRef"]["name"]: (endpoint["conditions"]["ready"], part["ports"][0]["port"])
        for part in slices
        for endpoint in part.get("endpoints") or ()
    }


async def test_slices_follow_pods_and_their_readiness(cluster: Cluster) -> None:
    await cluster.client.create(SERVICE, service(), "default")
    await cluster.client.create(POD, pod("a"), "default")
    await cluster.client.create(POD, pod("b", "broken"), "default")
    await cluster.client.create(POD, pod("c", app="other"), "default")

    async def as_expected() -> bool:
        return await endpoints(cluster) == {"a": (True, 8080), "b": (False, 8080)}

    await cluster.until(as_expected)
    await cluster.client.delete(POD, "a", "default")

    async def gone() -> bool:
        return await endpoints(cluster) == {"b": (False, 8080)}

    await cluster.until(gone)
    await cluster.client.patch(POD, "c", {"metadata": {"labels": {"app": "web"}}}, "default")

    async def joined() -> bool:
        return await endpoints(cluster) == {"b": (False, 8080), "c": (True, 8080)}

    await cluster.until(joined)


async def test_a_slice_that_somebody_breaks_is_mended_and_a_deleted_service_takes_its_slices(cluster: Cluster) -> None:
    await cluster.client.create(SERVICE, service(), "default")
    await cluster.client.create(POD, pod("a"), "default")

    async def there() -> bool:
        return await endpoints(cluster) == {"a": (True, 8080)}

    await cluster.until(there)
    (name,) = await cluster.names(ENDPOINT_SLICE)
    await cluster.client.patch(ENDPOINT_SLICE, name, {"endpoints": []}, "default")
    await cluster.until(there)
    await cluster.client.delete(ENDPOINT_SLICE, name, "default")
    await cluster.until(there)
    await cluster.client.delete(SERVICE, "web", "default")

    async def empty() -> bool:
        return not await cluster.names(ENDPOINT_SLICE)

    await cluster.until(empty)


async def test_unready_pods_are_published_where_the_service_asks_for_it(cluster: Cluster) -> None:
    await cluster.client.create(SERVICE, service(publishNotReadyAddresses=True, clusterIP="None"), "default")
    await cluster.client.create(POD, pod("b", "broken"), "default")

    async def published() -> bool:
        return await endpoints(cluster) == {"b": (True, 8080)}

    await cluster.until(published)
    (part,), _ = await cluster.client.list(ENDPOINT_SLICE, "default")
    assert part["metadata"]["labels"]["service.kubernetes.io/headless"] == ""


async def test_endpoints_written_by_hand_are_mirrored(cluster: Cluster) -> None:
    body = service(ports=[{"name": "http", "port": 80}])
    del body["spec"]["selector"]
    await cluster.client.create(SERVICE, body, "default")
    subset = {
        "addresses": [{"ip": "10.9.9.9"}],
        "notReadyAddresses": [{"ip": "10.9.9.8"}],
        "ports": [{"name": "http", "port": 81}],
    }
    meta = {"name": "web", "namespace": "default"}
    await cluster.client.create(
        ENDPOINTS, {"apiVersion": "v1", "kind": "Endpoints", "metadata": meta, "subsets": [subset]}, "default"
    )

    async def mirrored() -> Object | None:
        slices, _ = await cluster.client.list(ENDPOINT_SLICE, "default")
        return slices[0] if slices else None

    found = await cluster.until(mirrored)
    assert (
        found["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"]
        == "endpointslicemirroring-controller.k8s.io"
    )
    assert [(e["addresses"], e["conditions"]["ready"]) for e in found["endpoints"]] == [
        (["10.9.9.9"], True),
        (["10.9.9.8"], False),
    ]
    assert found["ports"] == [{"name": "http", "port": 81, "protocol": "TCP"}]
    await cluster.client.delete(ENDPOINTS, "web", "default")

    async def gone() -> bool:
        return not await cluster.names(ENDPOINT_SLICE)

    await cluster.until(gone)
