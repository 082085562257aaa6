# SPDX-License-Identifier: Apache-2.0
"""Clusters of services: type, protocol, limits, balancing, metadata."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.compile.workload import Role
from lateen.model.diagnostic import Diagnostic
from tests.compile.mesh_documents import client, clusters, entry, http_options, mesh_of, rule, service

WEB = "outbound|8080||web.default.svc.cluster.local"
PODS: dict[str, dict[str, Any]] = {"10.1.0.1": {}}


def web(policy: dict[str, Any] | None = None, **facts: Any) -> dict[str, Any]:
    """The cluster of a service under a policy."""
    documents = [service("web", PODS, **facts)]
    if policy is not None:
        documents.append([rule("web", "web", trafficPolicy=policy)])
    port = next(iter(facts.get("ports", {"http": 8080}).values()))
    return clusters(mesh_of(*documents))[f"outbound|{port}||web.default.svc.cluster.local"]


def external(resolution: str, host: str = "ext.example", **spec: Any) -> dict[str, Any]:
    return clusters(mesh_of(entry("ext", host, resolution=resolution, **spec)))[f"outbound|80||{host}"]


def test_types_by_resolution() -> None:
    assert web()["type"] == "EDS"
    assert web(clusterIP="None")["type"] == "ORIGINAL_DST"
    assert external("STATIC", endpoints=[{"address": "192.0.2.1"}])["type"] == "EDS"
    assert external("DNS")["type"] == "STRICT_DNS"
    assert external("DNS_ROUND_ROBIN")["type"] == "LOGICAL_DNS"
    assert external("NONE")["type"] == "ORIGINAL_DST"
    dynamic = external("DYNAMIC_DNS", "*.ext.example")
    assert dynamic["clusterType"]["name"] == "envoy.clusters.dynamic_forward_proxy"
    assert dynamic["clusterType"]["typedConfig"]["dnsCacheConfig"]["name"] == "*.ext.example_dfp_dns_cache"


def test_what_a_gateways_client_dialled_is_the_gateway() -> None:
    state = mesh_of(service("web", PODS, clusterIP="None"), entry("ext", "ext.example", resolution="NONE"))
    found = clusters(state, client("istio-system", role=Role.ROUTER))
    assert found[WEB]["type"] == found["outbound|80||ext.example"]["type"] == "EDS"


def test_the_dialled_port_can_be_replaced() -> None:
    ports = [{"number": 80, "name": "http", "protocol": "HTTP", "targetPort": 443}]
    assert external("NONE", ports=ports)["originalDstLbConfig"] == {"upstreamPortOverride": 443}
    assert "originalDstLbConfig" not in external("NONE")


def test_a_name_is_looked_up_in_the_proxys_families() -> None:
    state = mesh_of(entry("ext", "ext.example", resolution="DNS"))
    name = "outbound|80||ext.example"
    assert clusters(state)[name]["dnsLookupFamily"] == "V4_ONLY"
    assert clusters(state, client(ips=("fd00::1",)))[name]["dnsLookupFamily"] == "ALL"
    racing = entry(
        "ext", "ext.example", resolution="DNS", annotations={"istio.io/connect-strategy": "RACE_FIRST_TCP_CONNECT"}
    )
    found = clusters(mesh_of(racing))[name]
    assert (found["type"], found["dnsLookupFamily"]) == ("LOGICAL_DNS", "ALL")


def test_a_subset_of_names_without_any_has_no_cluster() -> None:
    listed = entry("ext", "ext.example", resolution="DNS", endpoints=[{"address": "a.example", "labels": {"v": "1"}}])
    subsets = [{"name": "one", "labels": {"v": "1"}}, {"name": "two", "labels": {"v": "2"}}]
    found = clusters(mesh_of(listed, rule("ext", "ext.example", subsets=subsets)))
    assert "outbound|80|one|ext.example" in found
    assert "outbound|80|two|ext.example" not in found


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("http", {}),
        ("tcp", {}),
        ("grpc", {"explicitHttpConfig": {"http2ProtocolOptions": {}}}),
        ("", {"useDownstreamProtocolConfig": {"http2ProtocolOptions": {}, "httpProtocolOptions": {}}}),
    ],
)
def test_protocol_by_port(port: str, said: dict[str, Any]) -> None:
    assert http_options(web(ports={port: 9999})) == said


def test_gateways_do_not_follow_the_client_on_undeclared_ports() -> None:
    state = mesh_of(service("web", PODS, ports={"": 9999}))
    found = clusters(state, client("istio-system", role=Role.ROUTER))
    assert http_options(found["outbound|9999||web.default.svc.cluster.local"]) == {}


HTTP2: dict[str, Any] = {"explicitHttpConfig": {"http2ProtocolOptions": {}}}


@pytest.mark.parametrize(
    ("rule_says", "mesh_says", "port", "said"),
    [
        ("UPGRADE", None, "http", HTTP2),
        ("UPGRADE", None, "tcp", HTTP2),
        (None, "UPGRADE", "http", HTTP2),
        (None, "UPGRADE", "tcp", {}),
        ("DO_NOT_UPGRADE", "UPGRADE", "http", {}),
    ],
)
def test_upgrades(rule_says: str | None, mesh_says: str | None, port: str, said: dict[str, Any]) -> None:
    documents: list[Any] = [service("web", PODS, ports={port: 8080})]
    if rule_says:
        policy = {"connectionPool": {"http": {"h2UpgradePolicy": rule_says}}}
        documents.append(rule("web", "web", trafficPolicy=policy))
    config = {"h2UpgradePolicy": mesh_says} if mesh_says else None
    assert http_options(clusters(mesh_of(*documents, config=config))[WEB]) == said


def test_headers_that_keep_their_case_defeat_the_upgrade() -> None:
    policy = {"connectionPool": {"http": {"h2UpgradePolicy": "UPGRADE"}}}
    config = {"defaultConfig": {"proxyHeaders": {"preserveHttp1HeaderCase": True}}}
    state = mesh_of(service("web", PODS), rule("web", "web", trafficPolicy=policy), config=config)
    options = http_options(clusters(state)[WEB])
    assert "headerKeyFormat" in options["explicitHttpConfig"]["httpProtocolOptions"]


def test_connection_limits() -> None:
    pool = {
        "tcp": {"maxConnections": 5, "connectTimeout": "2s", "tcpKeepalive": {"time": "60s"}, "idleTimeout": "9s"},
        "http": {"http1MaxPendingRequests": 6, "http2MaxRequests": 7, "maxRetries": 8, "maxRequestsPerConnection": 1},
    }
    found = web({"connectionPool": pool, "retryBudget": {"percent": 30}})
    (limits,) = found["circuitBreakers"]["thresholds"]
    assert limits["retryBudget"] == {"budgetPercent": {"value": 30.0}, "minRetryConcurrency": 3}
    assert [limits[k] for k in ("maxConnections", "maxPendingRequests", "maxRequests", "maxRetries")] == [5, 6, 7, 8]
    assert found["connectTimeout"] == "2s"
    assert found["upstreamConnectionOptions"] == {"tcpKeepalive": {"keepaliveTime": 60}}
    common = {"idleTimeout": "9s", "maxRequestsPerConnection": 1}
    assert http_options(found) == {
        "commonHttpProtocolOptions": common,
        "explicitHttpConfig": {"httpProtocolOptions": {}},
    }


def test_keepalive_completes_the_meshs() -> None:
    policy = {"connectionPool": {"tcp": {"tcpKeepalive": {"interval": "5s"}}}}
    config = {"tcpKeepalive": {"time": "60s", "probes": 3}, "connectTimeout": "1s"}
    found = clusters(mesh_of(service("web", PODS), rule("web", "web", trafficPolicy=policy), config=config))[WEB]
    keepalive = found["upstreamConnectionOptions"]["tcpKeepalive"]
    assert keepalive == {"keepaliveTime": 60, "keepaliveProbes": 3, "keepaliveInterval": 5}
    assert found["connectTimeout"] == "1s"


def test_outlier_detection_and_panic() -> None:
    found = web({"outlierDetection": {"consecutive5xxErrors": 0, "minHealthPercent": 40}})
    assert found["outlierDetection"] == {
        "consecutive5xx": 0,
        "enforcingConsecutive5xx": 0,
        "enforcingSuccessRate": 0,
    }
    assert found["commonLbConfig"] == {"healthyPanicThreshold": {"value": 40.0}}
    assert web()["commonLbConfig"] == {"healthyPanicThreshold": {}}


def test_locality_weights_only_where_localities_are_weighed() -> None:
    setting = {"localityLbSetting": {"failover": [{"from": "r1", "to": "r2"}]}}
    weighed = web({"loadBalancer": setting, "outlierDetection": {}})
    assert weighed["commonLbConfig"]["localityWeightedLbConfig"] == {}
    assert "localityWeightedLbConfig" not in web({"loadBalancer": setting})["commonLbConfig"]


def test_pass_through_is_another_type() -> None:
    found = web({"loadBalancer": {"simple": "PASSTHROUGH"}})
    assert (found["type"], found["lbPolicy"]) == ("ORIGINAL_DST", "CLUSTER_PROVIDED")
    subsets = [{"name": "v1", "trafficPolicy": {"loadBalancer": {"simple": "ROUND_ROBIN"}}}]
    policy = {"loadBalancer": {"simple": "PASSTHROUGH"}}
    state = mesh_of(service("web", PODS), rule("web", "web", trafficPolicy=policy, subsets=subsets))
    assert clusters(state)["outbound|8080|v1|web.default.svc.cluster.local"]["type"] == "ORIGINAL_DST"


def test_metadata_names_service_rule_and_subset() -> None:
    state = mesh_of(service("web", PODS), rule("r", "web", subsets=[{"name": "v1"}]))
    found = clusters(state)
    istio = found[WEB]["metadata"]["filterMetadata"]["istio"]
    assert istio == {
        "config": "/apis/networking.istio.io/v1/namespaces/default/destination-rule/r",
        "services": [{"host": "web.default.svc.cluster.local", "name": "web", "namespace": "default"}],
    }
    subset = found["outbound|8080|v1|web.default.svc.cluster.local"]["metadata"]["filterMetadata"]["istio"]
    assert subset == istio | {"subset": "v1"}


def test_an_external_name_has_no_cluster() -> None:
    state = mesh_of(service("web", {}, type="ExternalName", externalName="other.example"))
    assert WEB not in clusters(state)


def test_udp_has_no_cluster() -> None:
    documents = service("web", PODS)
    documents[0]["spec"]["ports"].append({"name": "dns", "port": 53, "protocol": "UDP"})
    assert [name for name in clusters(mesh_of(documents)) if name.startswith("outbound")] == [WEB]


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"loadBalancer": {"consistentHash": {"useSourceIp": True, "ringHash": {"minimumRingSize": 2**24}}}}, "Hash"),
        ({"loadBalancer": {"consistentHash": {"useSourceIp": True, "maglev": {"tableSize": 1}}}}, "tableSize"),
        ({"connectionPool": {"http": {"http2KeepAlive": {"interval": "5s"}}}}, "http2KeepAlive"),
        ({"tls": {"mode": "SIMPLE", "sni": "a" * 256}}, "sni"),
    ],
)
def test_what_envoy_refuses_is_left_out_and_named(policy: dict[str, Any], field: str) -> None:
    state = mesh_of(service("web", PODS), service("other", {"10.1.0.9": {}}), rule("r", "web", trafficPolicy=policy))
    found = clusters(state)
    assert WEB not in found
    assert "outbound|8080||other.default.svc.cluster.local" in found
    (said,) = [r for r in state.db.reports() if isinstance(r, Diagnostic) and r.code == "envoy-refuses"]
    assert said.ref is not None
    assert said.ref.name == "r"
    assert field in said.field


def test_names_are_not_looked_up_every_millisecond() -> None:
    documents = entry("vendor", "api.vendor.test", resolution="DNS")
    for said, expected in (("1ms", "60s"), ("2ms", "0.002s")):
        state = mesh_of(documents, config={"dnsRefreshRate": said})
        assert clusters(state)["outbound|80||api.vendor.test"]["dnsRefreshRate"] == expected
