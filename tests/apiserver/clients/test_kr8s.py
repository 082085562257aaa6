# SPDX-License-Identifier: Apache-2.0
"""kr8s, the Python client with kubectl's manners, against both servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import kr8s
import pytest
from httpx_ws import WebSocketUpgradeError
from kr8s.asyncio.objects import ConfigMap, Deployment, Pod, object_from_spec


@pytest.fixture
async def api(kubeconfig: Path, namespace: str) -> AsyncIterator[Any]:
    made = await kr8s.asyncio.api(kubeconfig=str(kubeconfig), namespace=namespace)
    yield made


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"own": "yes"}}, "data": data}


def containers(image: str) -> dict[str, Any]:
    return {"containers": [{"name": "main", "image": image}]}


async def test_create_list_patch_delete(api: Any) -> None:
    made = await ConfigMap(config_map("a", x="1"), api=api)
    await made.create()
    assert await made.exists()
    await made.patch({"data": {"y": "2"}})
    await made.patch([{"op": "remove", "path": "/data/x"}], type="json")
    assert dict(made.data) == {"y": "2"}
    await made.label({"more": "yes"})
    listed = [m async for m in api.get("configmaps", label_selector={"own": "yes", "more": "yes"})]
    assert [m.name for m in listed] == ["a"]
    by_field = [m.name async for m in api.get("cm", field_selector="metadata.name=a")]
    assert by_field == ["a"]
    await made.delete()
    await made.wait("delete", timeout=20)
    with pytest.raises(kr8s.NotFoundError):
        await ConfigMap.get("a", api=api)


async def test_scale(api: Any) -> None:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": containers("image:1")}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    made = await Deployment({"metadata": {"name": "web"}, "spec": spec}, api=api)
    await made.create()
    await made.patch({"spec": {"replicas": 3}}, subresource="scale")
    await made.refresh()
    assert made.spec.replicas == 3


async def test_server_side_apply(api: Any) -> None:
    path = f"namespaces/{api.namespace}/configmaps/a"

    async def apply(manager: str, value: str) -> httpx.Response:
        body = f'{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"a"}},"data":{{"x":"{value}"}}}}'
        async with api.call_api(
            "PATCH",
            url=path,
            raise_for_status=False,
            params={"fieldManager": manager},
            headers={"content-type": "application/apply-patch+yaml"},
            content=body,
        ) as reply:
            answered: httpx.Response = reply
            return answered

    assert (await apply("one", "1")).status_code == 201
    assert (await apply("one", "1")).status_code == 200
    refused = await apply("two", "2")
    assert refused.status_code == 409
    assert refused.json()["details"]["causes"][0]["field"] == ".data.x"


async def test_watch(api: Any) -> None:
    before = await ConfigMap(config_map("before"), api=api)
    await before.create()
    seen: list[tuple[str, str]] = []
    async for event, found in api.watch("configmaps", label_selector={"own": "yes"}):
        seen.append((event, found.name))
        if len(seen) == 1:
            await (await ConfigMap(config_map("after"), api=api)).create()
            await before.delete()
        elif len(seen) == 3:
            break
    assert seen == [("ADDED", "before"), ("ADDED", "after"), ("DELETED", "before")]


async def test_kinds_of_istio_are_discovered(api: Any) -> None:
    spec = {"hosts": ["web"], "http": [{"route": [{"destination": {"host": "web"}}]}]}
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "a", "namespace": api.namespace},
        "spec": spec,
    }
    await (await object_from_spec(body, api=api, allow_unknown_type=True)).create()
    found = [o async for o in api.get("vs")]
    assert [(o.name, o.raw["spec"]["hosts"]) for o in found] == [("a", ["web"])]
    groups = {resource["version"] for resource in await api.api_resources()}
    assert {"v1", "apps/v1", "networking.istio.io/v1"} <= groups


async def test_streams_into_pods_that_do_not_run(api: Any) -> None:
    absent = await Pod({"metadata": {"name": "absent"}, "spec": containers("image:1")}, api=api)
    with pytest.raises(kr8s.NotFoundError):
        await absent.refresh()
    with pytest.raises(kr8s.ServerError, match='pods "absent" not found'):
        _ = [line async for line in absent.logs()]
    await (await Pod({"metadata": {"name": "waiting"}, "spec": containers("image:1")}, api=api)).create()

    async def refusal(path: str, **params: str) -> int:
        with pytest.raises(WebSocketUpgradeError) as refused:
            async with api.open_websocket(
                url=f"pods/{path}",
                namespace=api.namespace,
                params=params,
                subprotocols=("v4.channel.k8s.io",),
            ):
                pytest.fail("it was accepted")
        return refused.value.response.status_code

    assert await refusal("absent/exec", command="true", stdout="true") == 404
    assert await refusal("waiting/exec", command="true", stdout="true", container="other") == 400
    assert await refusal("absent/portforward", ports="80") == 404
