# SPDX-License-Identifier: Apache-2.0
"""Who a proxy says it is."""

from __future__ import annotations

from typing import Any

import pytest
from envoy.config.core.v3.base_pb2 import Node
from google.protobuf.struct_pb2 import Struct

from lateen.model.diagnostic import Diagnostic
from lateen.xds.node_identity import NodeIdentity, NodeLocality, parse_node


def node(node_id: str, metadata: dict[str, Any] | None = None) -> Node:
    fields = Struct()
    fields.update(metadata or {})
    return Node(id=node_id, cluster="reviews.default", metadata=fields)


def test_sidecar_of_istio() -> None:
    message = node(
        "sidecar~10.1.2.3~reviews-v1-abc.default~default.svc.cluster.local",
        {
            "NAMESPACE": "default",
            "CLUSTER_ID": "Kubernetes",
            "NETWORK": "net",
            "MESH_ID": "mesh",
            "INSTANCE_IPS": "10.1.2.3,fe80::1",
            "ISTIO_VERSION": "1.30.0",
            "WORKLOAD_NAME": "reviews-v1",
            "SERVICE_ACCOUNT": "bookinfo-reviews",
            "OWNER": "kubernetes://apis/apps/v1/namespaces/default/deployments/reviews-v1",
            "NODE_NAME": "node-1",
            "INTERCEPTION_MODE": "REDIRECT",
            "LABELS": {"app": "reviews", "version": "v1"},
            "ANNOTATIONS": {"a": "b"},
            "PROXY_CONFIG": {"concurrency": 2, "tracing": {"sampling": 0.5}},
            "POD_PORTS": ["x"],
        },
    )
    message.locality.region, message.locality.zone = "eu", "eu-1"
    message.user_agent_build_version.version.major_number = 1
    message.user_agent_build_version.version.minor_number = 40
    identity = parse_node(message)
    assert identity == NodeIdentity(
        id="sidecar~10.1.2.3~reviews-v1-abc.default~default.svc.cluster.local",
        type="sidecar",
        addresses=("10.1.2.3", "fe80::1"),
        name="reviews-v1-abc",
        namespace="default",
        dns_domain="default.svc.cluster.local",
        cluster="reviews.default",
        cluster_id="Kubernetes",
        network="net",
        mesh_id="mesh",
        istio_version="1.30.0",
        envoy_version="1.40.0",
        workload_name="reviews-v1",
        service_account="bookinfo-reviews",
        owner="kubernetes://apis/apps/v1/namespaces/default/deployments/reviews-v1",
        node_name="node-1",
        interception_mode="REDIRECT",
        labels={"app": "reviews", "version": "v1"},
        annotations={"a": "b"},
        locality=NodeLocality("eu", "eu-1", ""),
        metadata=identity.metadata if isinstance(identity, NodeIdentity) else {},
    )
    assert identity.metadata["PROXY_CONFIG"] == {"concurrency": 2, "tracing": {"sampling": 0.5}}
    assert identity.metadata["POD_PORTS"] == ["x"]


@pytest.mark.parametrize(
    ("node_id", "metadata", "namespace", "addresses"),
    [
        ("router~10.0.0.1~gw-1.istio-system~x.svc.cluster.local", {}, "istio-system", ("10.0.0.1",)),
        ("sidecar~10.0.0.1~a.b.c~x", {}, "c", ("10.0.0.1",)),
        ("sidecar~10.0.0.1~a.b~x", {"NAMESPACE": "other"}, "other", ("10.0.0.1",)),
        ("sidecar~~a.b~x", {"INSTANCE_IPS": "10.0.0.9"}, "b", ("10.0.0.9",)),
        ("sidecar~10.0.0.1~a.b~x", {"INSTANCE_IPS": "nonsense"}, "b", ("10.0.0.1",)),
        ("sidecar~::1~a.b~x", {"LABELS": "no struct", "NAMESPACE": 7}, "b", ("::1",)),
    ],
)
def test_namespace_and_addresses(
    node_id: str, metadata: dict[str, Any], namespace: str, addresses: tuple[str, ...]
) -> None:
    identity = parse_node(node(node_id, metadata))
    assert isinstance(identity, NodeIdentity)
    assert (identity.namespace, identity.addresses) == (namespace, addresses)


def test_invalid_node_is_a_diagnostic() -> None:
    assert isinstance(parse_node(node("nonsense")), Diagnostic)
