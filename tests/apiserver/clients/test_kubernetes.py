# SPDX-License-Identifier: Apache-2.0
"""`kubernetes`, the official Python client, against both servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as k8s
from kubernetes import config, dynamic, stream, watch
from kubernetes.client import ApiException, CoreV1Api, CustomObjectsApi

ISTIO = {"group": "networking.istio.io", "plural": "virtualservices"}


@pytest.fixture
def api(kubeconfig: Path) -> Iterator[k8s.ApiClient]:
    with config.new_client_from_config(str(kubeconfig)) as made:
        yield made


@pytest.fixture
def core(api: k8s.ApiClient) -> CoreV1Api:
    return CoreV1Api(api)


def config_map(name: str, **data: str) -> k8s.V1ConfigMap:
    return k8s.V1ConfigMap(metadata=k8s.V1ObjectMeta(name=name, labels={"own": "yes"}), data=data)


def pod_spec(**more: Any) -> k8s.V1PodSpec:
    return k8s.V1PodSpec(containers=[k8s.V1Container(name="main", image="image:1")], **more)


def deployment() -> k8s.V1Deployment:
    labels = {"app": "web"}
    template = k8s.V1PodTemplateSpec(metadata=k8s.V1ObjectMeta(labels=labels), spec=pod_spec())
    spec = k8s.V1DeploymentSpec(replicas=2, selector=k8s.V1LabelSelector(match_labels=labels), template=template)
    return k8s.V1Deployment(metadata=k8s.V1ObjectMeta(name="web"), spec=spec)


def virtual_service(name: str, *hosts: str) -> dict[str, Any]:
    route = {"route": [{"destination": {"host": "web"}}]}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name},
        "spec": {"hosts": list(hosts), "http": [route]},
    }


def test_create_get_list_replace_delete(core: CoreV1Api, namespace: str) -> None:
    for name in ("a", "b", "c"):
        core.create_namespaced_config_map(namespace, config_map(name, x="1"))
    page = core.list_namespaced_config_map(namespace, limit=2, label_selector="own=yes")
    assert [m.metadata.name for m in page.items] == ["a", "b"]
    assert page.metadata.remaining_item_count is None, "unknown with a selector"
    rest = core.list_namespaced_config_map(
        namespace, limit=2, label_selector="own=yes", _continue=page.metadata._continue
    )
    assert [m.metadata.name for m in rest.items] == ["c"]
    found = core.list_namespaced_config_map(namespace, field_selector="metadata.name=b").items
    assert [m.data for m in found] == [{"x": "1"}]
    stale = core.read_namespaced_config_map("a", namespace)
    fresh = core.read_namespaced_config_map("a", namespace)
    fresh.data["x"] = "2"
    core.replace_namespaced_config_map("a", namespace, fresh)
    with pytest.raises(ApiException) as conflict:
        core.replace_namespaced_config_map("a", namespace, stale)
    assert (conflict.value.status, conflict.value.reason) == (409, "Conflict")
    assert core.delete_namespaced_config_map("a", namespace)["status"] == "Success"
    with pytest.raises(ApiException) as missing:
        core.read_namespaced_config_map("a", namespace)
    assert missing.value.status == 404
    core.delete_collection_namespaced_config_map(namespace, label_selector="own=yes")
    assert core.list_namespaced_config_map(namespace, label_selector="own=yes").items == []


def test_secrets_and_dry_run(core: CoreV1Api, namespace: str) -> None:
    secret = k8s.V1Secret(metadata=k8s.V1ObjectMeta(generate_name="s-"), string_data={"k": "value"})
    made = core.create_namespaced_secret(namespace, secret)
    assert made.metadata.name.startswith("s-") and made.data == {"k": "dmFsdWU="} and made.type == "Opaque"
    core.create_namespaced_config_map(namespace, config_map("dry"), dry_run="All")
    assert core.list_namespaced_config_map(namespace, label_selector="own=yes").items == []


def test_strategic_and_json_patches(api: k8s.ApiClient, namespace: str) -> None:
    apps = k8s.AppsV1Api(api)
    apps.create_namespaced_deployment(namespace, deployment())
    side = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "image:2"}]}}}}
    merged = apps.patch_namespaced_deployment(
        "web", namespace, side, _content_type="application/strategic-merge-patch+json"
    )
    assert [c.name for c in merged.spec.template.spec.containers] == ["side", "main"], "merged by name"
    replaced = apps.patch_namespaced_deployment("web", namespace, side, _content_type="application/merge-patch+json")
    assert [c.name for c in replaced.spec.template.spec.containers] == ["side"], "lists are replaced as a whole"
    assert replaced.metadata.generation == 3
    path = "/spec/template/spec/containers/0/image"
    steps = [{"op": "test", "path": path, "value": "image:2"}, {"op": "replace", "path": path, "value": "image:3"}]
    stepped = apps.patch_namespaced_deployment("web", namespace, steps, _content_type="application/json-patch+json")
    assert stepped.spec.template.spec.containers[0].image == "image:3"
    with pytest.raises(ApiException) as refused:
        apps.patch_namespaced_deployment("web", namespace, steps, _content_type="application/json-patch+json")
    assert refused.value.status == 422


def test_server_side_apply(api: k8s.ApiClient, namespace: str) -> None:
    maps = dynamic.DynamicClient(api).resources.get(api_version="v1", kind="ConfigMap")

    def apply(manager: str, data: dict[str, str], *, force: bool = False) -> Any:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}
        return maps.server_side_apply(body, namespace=namespace, field_manager=manager, force_conflicts=force)

    assert apply("one", {"x": "1", "y": "1"}).metadata.managedFields[0].manager == "one"
    with pytest.raises(ApiException) as conflict:
        apply("two", {"x": "2"})
    assert conflict.value.status == 409 and 'conflict with \\"one\\": .data.x' in conflict.value.body
    assert dict(apply("two", {"x": "2"}, force=True).data) == {"x": "2", "y": "1"}
    assert dict(apply("one", {}).data) == {"x": "2"}, "what one alone had is gone, what two has stays"


def test_watch_goes_on_where_it_ended(core: CoreV1Api, namespace: str) -> None:
    start = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, config_map("a"))
    core.patch_namespaced_config_map("a", namespace, {"data": {"x": "1"}})
    core.create_namespaced_config_map(namespace, config_map("b"))
    core.delete_namespaced_config_map("a", namespace)

    def events(version: str, count: int) -> list[tuple[str, str, str]]:
        watching, seen = watch.Watch(), []
        for event in watching.stream(
            core.list_namespaced_config_map,
            namespace,
            label_selector="own=yes",
            resource_version=version,
            timeout_seconds=20,
        ):
            meta = event["object"].metadata
            seen.append((event["type"], meta.name, meta.resource_version))
            if len(seen) == count:
                watching.stop()
        return seen

    whole = events(start, 4)
    assert [e[:2] for e in whole] == [("ADDED", "a"), ("MODIFIED", "a"), ("ADDED", "b"), ("DELETED", "a")]
    assert events(whole[1][2], 2) == whole[2:]


def test_custom_objects_of_istio(api: k8s.ApiClient, namespace: str) -> None:
    custom = CustomObjectsApi(api)
    at = {**ISTIO, "version": "v1", "namespace": namespace}
    made = custom.create_namespaced_custom_object(body=virtual_service("a", "web"), **at)
    assert made["metadata"]["generation"] == 1
    listed = custom.list_namespaced_custom_object(**at)
    assert (listed["kind"], len(listed["items"])) == ("VirtualServiceList", 1)
    older = custom.get_namespaced_custom_object(name="a", **{**at, "version": "v1alpha3"})
    assert older["apiVersion"] == "networking.istio.io/v1alpha3" and older["spec"] == made["spec"]
    patch = {"spec": {"hosts": ["web", "other"]}}
    patched = custom.patch_namespaced_custom_object(
        name="a", body=patch, _content_type="application/merge-patch+json", **at
    )
    assert patched["spec"]["hosts"] == ["web", "other"] and patched["metadata"]["generation"] == 2
    custom.delete_namespaced_custom_object(name="a", **at)
    assert custom.list_namespaced_custom_object(**at)["items"] == []


def test_custom_objects_are_validated_as_istio_does(ours: Path) -> None:
    body = virtual_service("a", "web")
    body["spec"]["http"] = []
    with config.new_client_from_config(str(ours)) as api, pytest.raises(ApiException) as refused:
        CustomObjectsApi(api).create_namespaced_custom_object(version="v1", namespace="default", body=body, **ISTIO)
    assert refused.value.status == 400
    assert "admission webhook" in refused.value.body
    assert "http, tcp or tls must be provided in virtual service" in refused.value.body


def test_streams_into_pods_that_do_not_run(core: CoreV1Api, namespace: str) -> None:
    core.create_namespaced_pod(namespace, k8s.V1Pod(metadata=k8s.V1ObjectMeta(name="waiting"), spec=pod_spec()))

    def refusal(call: Any, name: str, **arguments: Any) -> int:
        with pytest.raises(ApiException) as refused:
            stream.stream(call, name, namespace, **arguments)
        # The handshake's status is in the reason: the client has no answer to take it from.
        return int(str(refused.value.reason).split("Handshake status ")[1].split()[0])

    exec_, forward = core.connect_get_namespaced_pod_exec, core.connect_get_namespaced_pod_portforward
    assert refusal(exec_, "absent", command=["true"], stdout=True) == 404
    assert refusal(exec_, "waiting", command=["true"], stdout=True, container="other") == 400
    assert refusal(exec_, "waiting", command=["true"], stdout=True) >= 400
    with pytest.raises(ApiException) as log:
        core.read_namespaced_pod_log("absent", namespace)
    assert log.value.status == 404
    with pytest.raises(ApiException):
        stream.portforward(forward, "absent", namespace, ports="80")
