# SPDX-License-Identifier: Apache-2.0
"""The servers that the client tests run against: this one and, if `LATEEN_REAL_KUBECONFIG` names one, a real one."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from lightkube import ApiError, Client, KubeConfig
from lightkube.models.apiextensions_v1 import (
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion,
    CustomResourceSubresources,
    CustomResourceValidation,
    JSONSchemaProps,
)
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.resources.core_v1 import Namespace, ServiceAccount

from tests.apiserver.conftest import start, stop


@pytest.fixture(scope="session")
def ours() -> Iterator[Path]:
    """A kubeconfig of the embedded server, with a process of its own for these tests."""
    with tempfile.TemporaryDirectory() as folder:
        running = start(Path(folder) / "data")
        yield running.kubeconfig
        stop(running)


@pytest.fixture(scope="session")
def real() -> Path:
    """A kubeconfig of a real API server, which knows Istio's kinds from here on."""
    named = os.environ.get("LATEEN_REAL_KUBECONFIG")
    if not named:
        pytest.skip("needs LATEEN_REAL_KUBECONFIG, the kubeconfig of a real API server (see CONTRIBUTING.md)")
    _define_virtual_services(_client(Path(named)))
    return Path(named)


@pytest.fixture(scope="session", params=["ours", "real"])
def kubeconfig(request: pytest.FixtureRequest) -> Path:
    """A kubeconfig of each of the two servers."""
    path: Path = request.getfixturevalue(request.param)
    return path


@pytest.fixture
def namespace(kubeconfig: Path) -> Iterator[str]:
    """A namespace of the test's own, whose pods have an account to run as."""
    client, name = _client(kubeconfig), f"clients-{uuid.uuid4().hex[:8]}"
    client.create(Namespace(metadata=ObjectMeta(name=name)))
    account = ServiceAccount(metadata=ObjectMeta(name="default", namespace=name))
    try:
        client.create(account)
    except ApiError as error:
        # A server with controllers has made it.
        assert error.status.reason == "AlreadyExists"
    yield name
    client.delete(Namespace, name)


def _client(kubeconfig: Path) -> Client:
    return Client(config=KubeConfig.from_file(kubeconfig), field_manager="fixture")


def _define_virtual_services(client: Client) -> None:
    """VirtualService as Istio defines it, as far as these tests go: any `spec`, three versions, `v1` stored."""
    schema = JSONSchemaProps(
        type="object",
        properties={
            part: JSONSchemaProps(type="object", x_kubernetes_preserve_unknown_fields=True)
            for part in ("spec", "status")
        },
    )
    versions = [
        CustomResourceDefinitionVersion(
            name=name,
            served=True,
            storage=name == "v1",
            schema=CustomResourceValidation(openAPIV3Schema=schema),
            subresources=CustomResourceSubresources(status={}),
        )
        for name in ("v1", "v1beta1", "v1alpha3")
    ]
    names = CustomResourceDefinitionNames(
        kind="VirtualService",
        listKind="VirtualServiceList",
        plural="virtualservices",
        singular="virtualservice",
        shortNames=["vs"],
    )
    spec = CustomResourceDefinitionSpec(group="networking.istio.io", names=names, scope="Namespaced", versions=versions)
    name = "virtualservices.networking.istio.io"
    client.apply(CustomResourceDefinition(metadata=ObjectMeta(name=name), spec=spec), force=True)
    client.wait(CustomResourceDefinition, name, for_conditions=["Established"])
