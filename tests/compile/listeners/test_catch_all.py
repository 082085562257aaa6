# SPDX-License-Identifier: Apache-2.0
"""outboundTrafficPolicy: what becomes of connections that no service claims."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compile.listeners.sidecars import chains, destination, document, listeners, manager, service, state

WEB = service("web", "10.96.0.1", ("http", 80))


def sidecar(policy: dict[str, Any]) -> str:
    return document("Sidecar", "s", {"outboundTrafficPolicy": policy})


@pytest.mark.parametrize(
    ("mesh", "policy", "cluster"),
    [
        (None, None, "PassthroughCluster"),
        ("outboundTrafficPolicy: {mode: REGISTRY_ONLY}", None, "BlackHoleCluster"),
        ("outboundTrafficPolicy: {mode: REGISTRY_ONLY}", {"mode": "ALLOW_ANY"}, "PassthroughCluster"),
        (None, {"mode": "REGISTRY_ONLY"}, "BlackHoleCluster"),
        (None, {}, "BlackHoleCluster"),
        (
            None,
            {"mode": "ALLOW_ANY", "egressProxy": {"host": "out.egress.svc.cluster.local", "port": {"number": 8443}}},
            "outbound|8443||out.egress.svc.cluster.local",
        ),
    ],
)
def test_where_unclaimed_connections_go(mesh: str | None, policy: dict[str, Any] | None, cluster: str) -> None:
    documents = [WEB] if policy is None else [WEB, sidecar(policy)]
    found = listeners(state(*documents, mesh=mesh))
    assert [destination(c) for c in chains(found["virtualOutbound"])] == ["BlackHoleCluster", cluster]
    assert destination(found["0.0.0.0_80"].default_filter_chain) == cluster


def test_connections_to_the_port_of_the_proxy_itself_end_there() -> None:
    outbound = listeners(state())["virtualOutbound"]
    assert outbound.filter_chains[0].filter_chain_match.destination_port.value == 15001
    assert outbound.use_original_dst.value
    inbound = listeners(state(mesh="proxyInboundListenPort: 25006"))["virtualInbound"]
    assert inbound.address.socket_address.port_value == 25006
    assert inbound.filter_chains[0].filter_chain_match.destination_port.value == 25006
    assert destination(inbound.filter_chains[0]) == "BlackHoleCluster"


def test_unknown_hosts_can_be_looked_up_by_the_proxy() -> None:
    found = listeners(state(WEB, mesh="outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}"))
    _, requests, rest = found["virtualOutbound"].filter_chains
    http = manager(requests)
    assert http.route_config.virtual_hosts[0].routes[0].route.cluster == "AllowAnyDynamicDNSCluster"
    assert [f.name for f in http.http_filters][-2:] == [
        "envoy.filters.http.dynamic_forward_proxy",
        "envoy.filters.http.router",
    ]
    assert destination(rest) == "PassthroughCluster"
    shared = manager(found["0.0.0.0_80"].filter_chains[0])
    assert "envoy.filters.http.dynamic_forward_proxy" in [f.name for f in shared.http_filters]
