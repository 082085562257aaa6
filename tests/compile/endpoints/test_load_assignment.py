# SPDX-License-Identifier: Apache-2.0
"""Which endpoints a client gets, and how they are marked."""

from __future__ import annotations

from typing import Any

from lateen.compile.workload import Locality, Role
from tests.compile.mesh_documents import (
    assignments,
    client,
    document,
    endpoints_of,
    entry,
    mesh_of,
    node,
    rule,
    service,
)

WEB = "outbound|8080||web.default.svc.cluster.local"
PODS: dict[str, dict[str, Any]] = {"10.1.0.1": {"labels": {"version": "v1"}}, "10.1.0.2": {"labels": {"version": "v2"}}}
NODES = [node("node-1", "r1", "a"), node("node-2", "r1", "b"), node("node-3", "r2", "c")]


def addresses(assignment: dict[str, Any]) -> list[str]:
    return sorted(a for _, _, found in endpoints_of(assignment) for a in found)


def marked(assignment: dict[str, Any]) -> list[str]:
    """The addresses that ask for mutual TLS."""
    found = []
    for group in assignment.get("endpoints", ()):
        for one in group["lbEndpoints"]:
            said = one.get("metadata", {}).get("filterMetadata", {}).get("envoy.transport_socket_match", {})
            if said.get("tlsMode") == "istio":
                found.append(one["endpoint"]["address"]["socketAddress"]["address"])
    return sorted(found)


def test_subsets_select_by_labels() -> None:
    subsets = [
        {"name": "v1", "labels": {"version": "v1"}},
        {"name": "all"},
        {"name": "none", "labels": {"version": "v9"}},
    ]
    found = assignments(mesh_of(service("web", PODS), rule("web", "web", subsets=subsets)))
    name = "outbound|8080|{}|web.default.svc.cluster.local"
    assert addresses(found[name.format("v1")]) == ["10.1.0.1"]
    assert addresses(found[name.format("all")]) == ["10.1.0.1", "10.1.0.2"]
    assert addresses(found[name.format("none")]) == []


def test_endpoints_that_are_not_ready_are_sent_as_such() -> None:
    pods = PODS | {"10.1.0.3": {"ready": False}}
    found = assignments(mesh_of(service("web", pods)))[WEB]
    states = {
        e["endpoint"]["address"]["socketAddress"]["address"]: e["healthStatus"]
        for group in found["endpoints"]
        for e in group["lbEndpoints"]
    }
    assert states == {"10.1.0.1": "HEALTHY", "10.1.0.2": "HEALTHY", "10.1.0.3": "UNHEALTHY"}


def test_endpoints_that_are_not_ready_are_left_out_where_envoy_would_use_them() -> None:
    pods = PODS | {"10.1.0.3": {"ready": False}}
    low = rule("web", "web", trafficPolicy={"outlierDetection": {"minHealthPercent": 50}})
    assert addresses(assignments(mesh_of(service("web", pods), low))[WEB]) == ["10.1.0.1", "10.1.0.2"]
    found = assignments(mesh_of(service("web", pods, trafficDistribution="PreferClose"), low))[WEB]
    assert addresses(found) == ["10.1.0.1", "10.1.0.2", "10.1.0.3"]


def test_a_service_keeps_its_traffic_on_the_node() -> None:
    pods = {"10.1.0.1": {"node": "node-1"}, "10.1.0.2": {"node": "node-2"}}
    state = mesh_of(NODES, service("web", pods, internalTrafficPolicy="Local"))
    assert addresses(assignments(state, client(node="node-2"))[WEB]) == ["10.1.0.2"]
    assert addresses(assignments(state, client(node="node-9"))[WEB]) == []


def test_failover_by_locality() -> None:
    pods = {"10.1.0.1": {"node": "node-1"}, "10.1.0.2": {"node": "node-2"}, "10.1.0.3": {"node": "node-3"}}
    watched = rule("web", "web", trafficPolicy={"outlierDetection": {"consecutive5xxErrors": 3}})
    state = mesh_of(NODES, service("web", pods), watched)
    assert endpoints_of(assignments(state)[WEB]) == [
        ("r1/a", 0, ["10.1.0.1"]),
        ("r1/b", 1, ["10.1.0.2"]),
        ("r2/c", 2, ["10.1.0.3"]),
    ]
    there = client(locality=Locality("r2", "c"))
    assert endpoints_of(assignments(state, there)[WEB]) == [
        ("r2/c", 0, ["10.1.0.3"]),
        ("r1/a", 1, ["10.1.0.1"]),
        ("r1/b", 1, ["10.1.0.2"]),
    ]


def test_failover_by_the_proxys_labels_and_place() -> None:
    said = {"localityLbSetting": {"failoverPriority": ["topology.kubernetes.io/region", "version"]}}
    watched = rule("web", "web", trafficPolicy={"outlierDetection": {}, "loadBalancer": said})
    pods: dict[str, dict[str, Any]] = {
        "10.1.0.1": {"labels": {"version": "v1"}},
        "10.1.0.2": {"labels": {"version": "v2"}, "node": "node-3"},
    }
    state = mesh_of(NODES, service("web", pods), watched)
    mine = client(labels={"version": "v2"}, locality=Locality("r2", "c"))
    assert endpoints_of(assignments(state, mine)[WEB]) == [("r2/c", 0, ["10.1.0.2"]), ("r1/a", 1, ["10.1.0.1"])]


def test_mutual_tls_by_label_policy_and_rule() -> None:
    pods = {"10.1.0.1": {}, "10.1.0.2": {"sidecar": False}}
    off = document(
        "PeerAuthentication",
        "web",
        spec={"selector": {"matchLabels": {"app": "web"}}, "mtls": {"mode": "DISABLE"}},
    )
    plain = rule("web", "web", trafficPolicy={"tls": {"mode": "DISABLE"}})
    forced = rule("web", "web", trafficPolicy={"tls": {"mode": "ISTIO_MUTUAL"}})
    assert marked(assignments(mesh_of(service("web", pods)))[WEB]) == ["10.1.0.1"]
    assert marked(assignments(mesh_of(service("web", pods), off))[WEB]) == []
    assert marked(assignments(mesh_of(service("web", pods), plain))[WEB]) == []
    assert marked(assignments(mesh_of(service("web", pods), off, forced))[WEB]) == ["10.1.0.1"]


def test_names_have_no_place_in_an_assignment() -> None:
    listed = entry(
        "ext", "ext.example", resolution="STATIC", endpoints=[{"address": "192.0.2.1"}, {"address": "192.0.2.2"}]
    )
    state = mesh_of(listed)
    assert addresses(assignments(state)["outbound|80||ext.example"]) == ["192.0.2.1", "192.0.2.2"]
    looked_up = entry("dns", "dns.example", resolution="DNS", endpoints=[{"address": "a.example"}])
    assert "outbound|80||dns.example" not in assignments(mesh_of(looked_up))


def gateway_into(network: str, *addresses: str) -> dict[str, Any]:
    return document(
        "Service",
        f"gateway-{network}",
        "istio-system",
        metadata={"labels": {"topology.istio.io/network": network}},
        spec={"type": "LoadBalancer", "clusterIP": "10.96.0.9", "ports": [{"name": "tls", "port": 15443}]},
        status={"loadBalancer": {"ingress": [{"ip": address} for address in addresses]}},
    )


def test_other_networks_are_reached_through_their_gateways() -> None:
    far = entry(
        "far",
        "far.example",
        location="MESH_INTERNAL",
        resolution="STATIC",
        endpoints=[
            {"address": "10.5.0.1", "network": "n2", "serviceAccount": "far"},
            {"address": "10.5.0.2", "network": "n2", "serviceAccount": "far"},
            {"address": "10.5.0.3", "network": "n2"},
            {"address": "10.5.0.4", "serviceAccount": "far"},
        ],
    )
    name = "outbound|80||far.example"
    state = mesh_of(far, gateway_into("n2", "192.0.2.9", "192.0.2.10"))
    (group,) = assignments(state)[name]["endpoints"]
    weights = {
        e["endpoint"]["address"]["socketAddress"]["address"]: e["loadBalancingWeight"] for e in group["lbEndpoints"]
    }
    assert weights == {"10.5.0.4": 2, "192.0.2.9": 2, "192.0.2.10": 2}
    assert group["loadBalancingWeight"] == 6
    inside = addresses(assignments(state, client(network="n2"))[name])
    assert inside == ["10.5.0.1", "10.5.0.2", "10.5.0.3", "10.5.0.4"]
    assert addresses(assignments(mesh_of(far))[name]) == inside


def test_gateways_know_headless_services_by_their_endpoints() -> None:
    state = mesh_of(service("web", PODS, clusterIP="None"))
    assert WEB not in assignments(state)
    assert addresses(assignments(state, client("istio-system", role=Role.ROUTER))[WEB]) == ["10.1.0.1", "10.1.0.2"]
