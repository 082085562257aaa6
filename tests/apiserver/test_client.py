# SPDX-License-Identifier: Apache-2.0
"""A client library that knows nothing of this server: lightkube."""

from __future__ import annotations

import threading

import pytest
from lightkube import ApiError, Client, KubeConfig
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.apps_v1 import DeploymentSpec
from lightkube.models.core_v1 import Container, PodSpec, PodTemplateSpec
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Namespace
from lightkube.types import PatchType

from tests.apiserver.conftest import Running


@pytest.fixture
def client(server: Running) -> Client:
    return Client(config=KubeConfig.from_file(server.kubeconfig), field_manager="test")


def deployment(replicas: int) -> Deployment:
    labels = {"app": "web"}
    pod = PodTemplateSpec(metadata=ObjectMeta(labels=labels), spec=PodSpec(containers=[Container(name="c", image="i")]))
    spec = DeploymentSpec(replicas=replicas, selector=LabelSelector(matchLabels=labels), template=pod)
    return Deployment(metadata=ObjectMeta(name="web", namespace="default"), spec=spec)


def test_create_list_patch_delete(client: Client) -> None:
    assert {n.metadata.name for n in client.list(Namespace) if n.metadata} >= {"default", "kube-system"}
    client.create(ConfigMap(metadata=ObjectMeta(name="a", namespace="default"), data={"x": "1"}))
    patched = client.patch(ConfigMap, "a", {"data": {"y": "2"}}, patch_type=PatchType.MERGE)
    assert patched.data == {"x": "1", "y": "2"}
    client.delete(ConfigMap, "a")
    with pytest.raises(ApiError) as caught:
        client.get(ConfigMap, "a")
    assert caught.value.status.code == 404


def test_server_side_apply(client: Client) -> None:
    applied = client.apply(deployment(2))
    assert applied.metadata and applied.metadata.managedFields
    with pytest.raises(ApiError) as caught:
        client.apply(deployment(3), field_manager="other")
    assert caught.value.status.code == 409
    forced = client.apply(deployment(3), field_manager="other", force=True)
    assert forced.spec and forced.spec.replicas == 3


def test_watch(client: Client) -> None:
    gateways = create_namespaced_resource("networking.istio.io", "v1", "Gateway", "gateways")
    servers = [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]
    listed = client.list(gateways, namespace="default")
    assert list(listed) == []

    def create() -> None:
        for name in ("one", "two"):
            body = gateways(metadata={"name": name, "namespace": "default"}, spec={"servers": servers})
            client.create(body)

    threading.Thread(target=create).start()
    seen = []
    for event, found in client.watch(gateways, namespace="default", resource_version=listed.resourceVersion):
        seen.append((event, found.metadata.name))
        if len(seen) == 2:
            break
    assert seen == [("ADDED", "one"), ("ADDED", "two")]
