# SPDX-License-Identifier: Apache-2.0
"""Clusters towards the workload itself."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.compile.clusters.inbound import default_endpoint
from lateen.compile.workload import Interception, Workload
from lateen.model.diagnostic import Diagnostic
from tests.compile.mesh_documents import client, clusters, document, http_options, mesh_of, rule, service

SERVER = client(labels={"app": "web"}, ips=("10.1.0.1",))
PODS: dict[str, dict[str, Any]] = {"10.1.0.1": {}}


def inbound(*documents: Any, workload: Workload = SERVER, config: Any = None) -> dict[str, dict[str, Any]]:
    """The inbound clusters of the server, by port."""
    found = clusters(mesh_of(*documents, config=config), workload)
    return {name.split("|")[1]: cluster for name, cluster in found.items() if name.startswith("inbound|")}


def sidecar(*ingress: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return document("Sidecar", "default", spec={**({"ingress": list(ingress)} if ingress else {}), **spec})


def listener(number: int, protocol: str = "HTTP", **facts: Any) -> dict[str, Any]:
    return {"port": {"number": number, "protocol": protocol, "name": f"p{number}"}, **facts}


def test_ports_of_services() -> None:
    found = inbound(service("web", PODS, ports={"http": 8080, "grpc": 9090}))
    assert set(found) == {"8080", "9090"}
    assert found["8080"]["type"] == "ORIGINAL_DST"
    assert found["8080"]["upstreamBindConfig"] == {"sourceAddress": {"address": "127.0.0.6", "portValue": 0}}
    assert http_options(found["9090"]) == {"explicitHttpConfig": {"http2ProtocolOptions": {}}}
    assert found["8080"]["metadata"]["filterMetadata"]["istio"]["services"][0]["name"] == "web"


def test_addresses_of_both_families() -> None:
    both = client(labels={"app": "web"}, ips=("10.1.0.1", "fd00::1"))
    bind = inbound(service("web", PODS), workload=both)["8080"]["upstreamBindConfig"]
    assert [a["address"]["address"] for a in bind["extraSourceAddresses"]] == ["::6"]


def test_limits_of_the_rule_reach_the_server() -> None:
    limited = rule(
        "web", "web", trafficPolicy={"connectionPool": {"tcp": {"maxConnections": 3}}, "outlierDetection": {}}
    )
    found = inbound(service("web", PODS), limited)["8080"]
    assert found["circuitBreakers"]["thresholds"][0]["maxConnections"] == 3
    assert "outlierDetection" not in found


def test_limits_of_the_sidecar_come_first() -> None:
    limited = rule("web", "web", trafficPolicy={"connectionPool": {"tcp": {"maxConnections": 3}}})
    scoped = sidecar(
        listener(8080, connectionPool={"tcp": {"maxConnections": 1}}),
        listener(9090),
        inboundConnectionPool={"tcp": {"maxConnections": 2}},
    )
    found = inbound(service("web", PODS, ports={"http": 8080, "http-b": 9090}), limited, scoped)
    assert found["8080"]["circuitBreakers"]["thresholds"][0]["maxConnections"] == 1
    assert found["9090"]["circuitBreakers"]["thresholds"][0]["maxConnections"] == 2


def test_what_envoy_refuses_is_left_out_and_the_port_served() -> None:
    limits = {"tcp": {"maxConnections": 2}, "http": {"http2KeepAlive": {"interval": "5s"}}}
    world = mesh_of(service("web", PODS, ports={"grpc": 8080}), sidecar(inboundConnectionPool=limits))
    found = clusters(world, SERVER)["inbound|8080||"]
    assert found["circuitBreakers"]["thresholds"][0]["maxConnections"] == 2
    assert "connectionKeepalive" not in http_options(found)["explicitHttpConfig"]["http2ProtocolOptions"]
    (said,) = [r for r in world.db.reports() if isinstance(r, Diagnostic) and r.code == "envoy-refuses"]
    assert (str(said.ref), said.field) == ("Sidecar/default/default", "connectionPool.http.http2KeepAlive")


def test_a_service_that_the_sidecar_does_not_import_brings_no_rule() -> None:
    limited = rule("web", "web", trafficPolicy={"connectionPool": {"tcp": {"maxConnections": 3}}})
    found = inbound(service("web", PODS), limited, sidecar(egress=[{"hosts": ["istio-system/*"]}]))
    assert found["8080"]["circuitBreakers"]["thresholds"][0]["maxConnections"] == 4294967295


def test_ingress_listeners_replace_the_ports_of_services() -> None:
    found = inbound(
        service("web", PODS, ports={"http": 8080, "tcp": 9000}),
        sidecar(listener(8080, "HTTP2", defaultEndpoint="127.0.0.1:3000"), listener(7777, defaultEndpoint="unix:///s")),
    )
    assert set(found) == {"8080", "7777"}
    (group,) = found["8080"]["loadAssignment"]["endpoints"]
    address = group["lbEndpoints"][0]["endpoint"]["address"]
    assert address == {"socketAddress": {"address": "127.0.0.1", "portValue": 3000}}
    assert "upstreamBindConfig" not in found["8080"]
    assert http_options(found["8080"]) == {"explicitHttpConfig": {"http2ProtocolOptions": {}}}
    (group,) = found["7777"]["loadAssignment"]["endpoints"]
    assert group["lbEndpoints"][0]["endpoint"]["address"] == {"pipe": {"path": "/s"}}
    assert "metadata" not in found["7777"]


def test_without_interception_only_ingress_listeners_count() -> None:
    bare = client(labels={"app": "web"}, ips=("10.1.0.1",), interception=Interception.NONE)
    assert inbound(service("web", PODS), workload=bare) == {}
    assert set(inbound(service("web", PODS), sidecar(listener(8080)), workload=bare)) == {"8080"}


def test_traffic_may_be_sent_to_loopback() -> None:
    found = inbound(service("web", PODS), config={"inboundTrafficPolicy": {"mode": "LOCALHOST"}})["8080"]
    assert found["type"] == "STATIC"
    (group,) = found["loadAssignment"]["endpoints"]
    assert group["lbEndpoints"][0]["endpoint"]["address"]["socketAddress"]["address"] == "127.0.0.1"


def test_of_two_services_on_a_port_the_first_decides() -> None:
    second = document(
        "Service",
        "alias",
        metadata={"creationTimestamp": "2024-02-01T00:00:00Z"},
        spec={
            "clusterIP": "10.96.0.2",
            "selector": {"app": "web"},
            "ports": [{"name": "grpc", "port": 8080, "targetPort": 8080}],
        },
    )
    found = inbound(service("web", PODS), second)["8080"]
    assert http_options(found) == {}
    named = [s["name"] for s in found["metadata"]["filterMetadata"]["istio"]["services"]]
    assert named == ["web", "alias"]


V4, V6, BOTH = ("10.1.0.1",), ("fd00::1",), ("10.1.0.1", "fd00::1")


@pytest.mark.parametrize(
    ("text", "ips", "address"),
    [
        ("", V4, ("", 0)),
        ("127.0.0.1:80", V4, ("127.0.0.1", 80)),
        ("127.0.0.1:80", V6, ("::1", 80)),
        ("[::1]:80", V4, ("127.0.0.1", 80)),
        ("[::1]:80", BOTH, ("::1", 80)),
        ("0.0.0.0:80", V4, ("10.1.0.1", 80)),
        ("0.0.0.0:80", V6, ("127.0.0.1", 80)),
        ("[::]:80", V6, ("fd00::1", 80)),
        ("[::]:80", V4, ("::1", 80)),
        (":80", V4, ("", 80)),
        ("unix:///var/run/x", V4, ("unix:///var/run/x", 0)),
        ("127.0.0.1", V4, None),
        ("127.0.0.1:http", V4, None),
    ],
)
def test_default_endpoints(text: str, ips: tuple[str, ...], address: tuple[str, int] | None) -> None:
    assert default_endpoint(text, ips) == address
