# SPDX-License-Identifier: Apache-2.0
"""virtualInbound: what a workload accepts on which port, and how."""

from __future__ import annotations

from typing import Any

import pytest
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import DownstreamTlsContext

from tests.compile.listeners.sidecars import (
    blobs,
    chains,
    destination,
    document,
    inspectors,
    listeners,
    manager,
    service,
    state,
    workload,
)

WEB = service("web", "10.96.0.1", ("http", 8080))
DB = service("db", "10.96.0.2", ("tcp", 9000), app="web")
AUTO = service("auto", "10.96.0.4", ("", 7070), app="web")


def peer_authentication(mode: str, ports: dict[int, str] | None = None, app: str = "") -> str:
    spec: dict[str, Any] = {"mtls": {"mode": mode}} if mode else {}
    if app:
        spec["selector"] = {"matchLabels": {"app": app}}
    if ports:
        spec["portLevelMtls"] = {str(port): {"mode": m} for port, m in ports.items()}
    return document("PeerAuthentication", f"pa-{mode.lower()}{app}", spec)


def port_chains(listener: Any, port: int) -> list[tuple[str, tuple[str, ...], bool, bool]]:
    """(transport, ALPN, requests?, ends TLS?) of the chains of one port; 0 for all others."""
    return [
        (
            chain.filter_chain_match.transport_protocol,
            tuple(
                sorted(
                    {"istio" if a.startswith("istio") else a for a in chain.filter_chain_match.application_protocols}
                )
            ),
            manager(chain) is not None,
            chain.HasField("transport_socket"),
        )
        for chain in listener.filter_chains
        if chain.filter_chain_match.destination_port.value == port
    ]


PLAIN = ("h2c", "http/1.1")
MESH = ("istio",)
EXPECTED = {
    ("web", "STRICT"): [("tls", (), True, True)],
    ("web", "PERMISSIVE"): [("tls", MESH, True, True), ("raw_buffer", (), True, False)],
    ("web", "DISABLE"): [("raw_buffer", (), True, False)],
    ("db", "STRICT"): [("tls", (), False, True)],
    ("db", "PERMISSIVE"): [("tls", MESH, False, True), ("tls", (), False, False), ("raw_buffer", (), False, False)],
    ("db", "DISABLE"): [("raw_buffer", (), False, False)],
    ("auto", "STRICT"): [("tls", MESH, True, True), ("tls", (), False, True)],
    ("auto", "PERMISSIVE"): [
        ("tls", MESH, True, True),
        ("tls", MESH, False, True),
        ("raw_buffer", PLAIN, True, False),
        ("raw_buffer", (), False, False),
        ("tls", (), False, False),
    ],
    ("auto", "DISABLE"): [("raw_buffer", PLAIN, True, False), ("raw_buffer", (), False, False)],
}


@pytest.mark.parametrize("mode", ["STRICT", "PERMISSIVE", "DISABLE"])
def test_chains_by_protocol_and_mode(mode: str) -> None:
    listener = listeners(state(WEB, DB, AUTO, peer_authentication(mode)), workload("web"))["virtualInbound"]
    for name, port in (("web", 8080), ("db", 9000), ("auto", 7070)):
        assert port_chains(listener, port) == EXPECTED[name, mode]
    assert port_chains(listener, 0) == EXPECTED["auto", mode]


def test_a_mode_for_one_port_and_one_that_no_service_has() -> None:
    policy = peer_authentication("STRICT", {8080: "DISABLE", 5555: "PERMISSIVE"}, app="web")
    listener = listeners(state(WEB, DB, policy), workload("web"))["virtualInbound"]
    assert port_chains(listener, 8080) == EXPECTED["web", "DISABLE"]
    assert port_chains(listener, 9000) == EXPECTED["db", "STRICT"]
    assert port_chains(listener, 5555) == EXPECTED["auto", "PERMISSIVE"]
    assert port_chains(listener, 0) == EXPECTED["auto", "STRICT"]
    other = listeners(state(WEB, DB, policy))["virtualInbound"]
    assert port_chains(other, 0) == EXPECTED["auto", "PERMISSIVE"]


def test_inspectors_stay_away_from_ports_where_a_server_may_speak_first() -> None:
    policy = peer_authentication("", {9000: "DISABLE"}, app="web")
    listener = listeners(state(WEB, DB, policy), workload("web"))["virtualInbound"]
    assert inspectors(listener) == ["original_dst", "tls_inspector", "http_inspector"]
    _, tls, http = listener.listener_filters
    assert _off(tls) == [9000, 15006]
    assert _off(http) == [8080, 9000, 15006]


def _off(filter_: Any) -> list[int]:
    rule = filter_.filter_disabled
    rules = rule.or_match.rules if rule.HasField("or_match") else [rule]
    assert all(r.destination_port_range.end == r.destination_port_range.start + 1 for r in rules)
    return [r.destination_port_range.start for r in rules]


def test_mutual_tls_admits_the_meshs_identities_only() -> None:
    mesh = "trustDomain: td\ntrustDomainAliases: [old]\nmeshMTLS: {minProtocolVersion: TLSV1_3}"
    listener = listeners(state(WEB, mesh=mesh), workload("web"))["virtualInbound"]
    chain = next(c for c in listener.filter_chains if c.filter_chain_match.destination_port.value == 8080)
    context = DownstreamTlsContext()
    assert chain.transport_socket.typed_config.Unpack(context)
    common = context.common_tls_context
    matchers = common.combined_validation_context.default_validation_context.match_subject_alt_names
    assert [m.prefix for m in matchers] == ["spiffe://td/", "spiffe://old/"]
    assert context.require_client_certificate.value
    assert common.tls_params.tls_minimum_protocol_version == common.tls_params.TLSv1_3
    assert list(common.alpn_protocols) == ["h2", "http/1.1"]


def test_the_older_of_two_services_on_a_port_says_what_it_speaks() -> None:
    raw = service("raw", "10.96.0.9", ("tcp", 8080), app="web", creationTimestamp="2021-01-01T00:00:00Z")
    web = service("web", "10.96.0.1", ("http", 8080), creationTimestamp="2022-01-01T00:00:00Z")
    mesh = state(web, raw)
    listener = listeners(mesh, workload("web"))["virtualInbound"]
    assert port_chains(listener, 8080) == EXPECTED["db", "PERMISSIVE"]
    assert [str(r.ref) for r in mesh.db.reports() if r.code == "inbound-conflict"] == ["Service/default/web"]


def test_requests_go_to_the_workloads_own_port_and_are_retried_only_if_it_never_saw_them() -> None:
    http = service("web", "10.96.0.1", ("http", 80))
    listener = listeners(state(http), workload("web"))["virtualInbound"]
    chain = next(c for c in listener.filter_chains if c.filter_chain_match.destination_port.value == 80)
    table = manager(chain).route_config
    assert table.name == "inbound|80||" and table.virtual_hosts[0].name == "inbound|http|80"
    action = table.virtual_hosts[0].routes[0].route
    assert (action.cluster, action.retry_policy.retry_on) == ("inbound|80||", "reset-before-request")
    grpc = listeners(state(service("web", "10.96.0.1", ("grpc", 80))), workload("web"))["virtualInbound"]
    chain = next(c for c in grpc.filter_chains if c.filter_chain_match.destination_port.value == 80)
    assert not manager(chain).route_config.virtual_hosts[0].routes[0].route.HasField("retry_policy")
    assert manager(chain).HasField("http2_protocol_options")


def test_ingress_of_a_sidecar_replaces_what_services_imply() -> None:
    sidecar = document(
        "Sidecar",
        "web",
        {
            "workloadSelector": {"labels": {"app": "web"}},
            "ingress": [
                {"port": {"number": 9000, "protocol": "HTTP", "name": "http"}, "defaultEndpoint": "127.0.0.1:9000"},
                {
                    "port": {"number": 9999, "protocol": "TCP", "name": "tcp"},
                    "bind": "10.1.0.5",
                    "captureMode": "NONE",
                    "defaultEndpoint": "127.0.0.1:9000",
                },
            ],
        },
    )
    found = listeners(state(WEB, DB, sidecar), workload("web", "10.1.0.5"))
    inbound = found["virtualInbound"]
    assert port_chains(inbound, 9000) == EXPECTED["web", "PERMISSIVE"]
    assert not port_chains(inbound, 8080)
    assert {c.name for c in inbound.filter_chains if c.filter_chain_match.destination_port.value == 9000} == {
        "10.1.0.5_9000"
    }
    real = found["10.1.0.5_9999"]
    assert not real.HasField("bind_to_port")
    assert {destination(c) for c in chains(real)} == {"inbound|9999||"}
    only = real.listener_filters[0].filter_disabled.not_match.destination_port_range
    assert (real.listener_filters[0].name.rpartition(".")[2], only.start, only.end) == ("tls_inspector", 9999, 10000)


def test_workloads_without_services_share_one_listener() -> None:
    mesh = state(WEB)
    first = blobs(mesh, workload("a", "10.1.0.11"))["virtualInbound"]
    assert first is blobs(mesh, workload("b", "10.1.0.12"))["virtualInbound"]
    assert first is not blobs(mesh, workload("web", "10.1.0.13"))["virtualInbound"]


def test_an_ingress_listener_gives_way_to_an_outbound_one_of_its_name() -> None:
    port = {"number": 80, "protocol": "HTTP", "name": "http"}
    ingress = {"port": port, "bind": "0.0.0.0", "captureMode": "NONE", "defaultEndpoint": "127.0.0.1:8080"}
    mesh = state(service("other", "10.96.0.7", ("http", 80)), document("Sidecar", "web", {"ingress": [ingress]}))
    found = listeners(mesh, workload("web"))
    assert destination(found["0.0.0.0_80"].filter_chains[0]) == "routes 80"
    assert [str(r.ref) for r in mesh.db.reports() if r.code == "listener-conflict"] == ["Sidecar/default/web"]
    alone = listeners(state(document("Sidecar", "web", {"ingress": [ingress]})), workload("web"))
    assert destination(alone["0.0.0.0_80"].filter_chains[0]) == "inline inbound|80||"
