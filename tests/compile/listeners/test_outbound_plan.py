# SPDX-License-Identifier: Apache-2.0
"""Which outbound listeners there are, and who shares one."""

from __future__ import annotations

from lateen.compile.workload import Interception
from tests.compile.listeners.sidecars import (
    blobs,
    chains,
    destination,
    document,
    endpoints,
    entry,
    inspectors,
    listeners,
    manager,
    service,
    state,
    workload,
)

OWN = {"virtualInbound", "virtualOutbound"}


def test_http_ports_share_a_listener_and_leave_room_for_bytes() -> None:
    found = listeners(state(service("a", "10.96.0.1", ("http", 80)), service("b", "10.96.0.2", ("grpc", 80))))
    assert set(found) == OWN | {"0.0.0.0_80"}
    shared = found["0.0.0.0_80"]
    assert [destination(c) for c in chains(shared)] == ["routes 80", "PassthroughCluster"]
    assert list(shared.filter_chains[0].filter_chain_match.application_protocols) == ["http/1.1", "h2c"]
    assert shared.filter_chains[0].filter_chain_match.transport_protocol == "raw_buffer"
    assert inspectors(shared) == ["http_inspector"]
    assert shared.bind_to_port.value is False and shared.HasField("bind_to_port")
    assert shared.continue_on_listener_filters_timeout and shared.listener_filters_timeout.ToNanoseconds() == 0


def test_a_port_for_bytes_has_a_listener_on_the_services_address_and_is_not_sniffed() -> None:
    db = service("db", "10.96.0.3", ("tcp", 9000))
    listener = listeners(state(db))["10.96.0.3_9000"]
    assert [destination(c) for c in chains(listener)] == ["outbound|9000||db.default.svc.cluster.local"]
    assert inspectors(listener) == []


def test_an_undeclared_port_is_sniffed_on_the_services_address_with_a_table_of_its_own() -> None:
    listener = listeners(state(service("auto", "10.96.0.4", ("", 7070))))["10.96.0.4_7070"]
    assert [destination(c) for c in chains(listener)] == [
        "routes auto.default.svc.cluster.local:7070",
        "outbound|7070||auto.default.svc.cluster.local",
    ]
    assert inspectors(listener) == ["http_inspector"]


def test_bytes_without_an_address_join_http_on_the_unspecified_one_in_any_order() -> None:
    web, raw = entry("web", "web.com", port=80, protocol="HTTP"), entry("raw", "raw.com", port=80, protocol="TCP")
    first = listeners(state(web, raw))["0.0.0.0_80"]
    assert {destination(c) for c in chains(first)} == {"routes 80", "outbound|80||raw.com"}
    second = listeners(state(raw, web))["0.0.0.0_80"]
    assert first == second
    assert destination(first.default_filter_chain) == "outbound|80||raw.com"


def test_mongo_shares_with_nobody_and_the_first_service_wins() -> None:
    mongo = entry("a", "a.com", port=27017, protocol="MONGO")
    http = entry("b", "b.com", port=27017, protocol="HTTP")
    mesh = state(mongo, http)
    listener = listeners(mesh)["0.0.0.0_27017"]
    assert [str(r.ref) for r in mesh.db.reports() if r.code == "listener-conflict"] == ["ServiceEntry/default/b"]
    assert [destination(c) for c in chains(listener)] == ["outbound|27017||a.com"]
    assert [f.name for f in listener.filter_chains[0].filters] == [
        "envoy.filters.network.mongo_proxy",
        "envoy.filters.network.tcp_proxy",
    ]


def test_blocks_of_addresses_are_told_apart_by_prefix_and_the_second_of_two_equal_ones_is_reported() -> None:
    wide = entry("wide", "wide.com", port=9000, protocol="TCP", addresses=("10.8.0.0/16",), resolution="NONE")
    same = entry("zz", "zz.com", port=9000, protocol="TCP", addresses=("10.8.7.7/16",), resolution="NONE")
    mesh = state(wide, same)
    listener = listeners(mesh)["0.0.0.0_9000"]
    assert [destination(c) for c in listener.filter_chains] == ["outbound|9000||wide.com"]
    block = listener.filter_chains[0].filter_chain_match.prefix_ranges[0]
    assert (block.address_prefix, block.prefix_len.value) == ("10.8.0.0", 16)
    assert [str(r.ref) for r in mesh.db.reports() if r.code == "listener-conflict"] == ["ServiceEntry/default/zz"]


def test_a_headless_service_for_bytes_has_one_listener_per_pod_but_none_for_the_own_one() -> None:
    peers = service("peers", "None", ("tcp", 7000)), endpoints("peers", "tcp", 7000, "10.1.0.7", "10.1.0.8")
    mesh = state(*peers)
    assert set(listeners(mesh)) == OWN | {"10.1.0.7_7000", "10.1.0.8_7000"}
    assert set(listeners(mesh, workload("peers", "10.1.0.7"))) - OWN == {"10.1.0.8_7000"}
    assert blobs(mesh)["10.1.0.8_7000"] is blobs(mesh, workload("client", "10.1.0.9"))["10.1.0.8_7000"]


def test_a_headless_service_for_http_uses_the_shared_listener_and_one_without_pods_has_none() -> None:
    mesh = state(service("peers", "None", ("http", 8080), ("tcp", 7000)))
    assert set(listeners(mesh)) == OWN | {"0.0.0.0_8080"}


def test_ports_of_the_proxy_itself_are_not_taken_on_the_unspecified_address() -> None:
    mesh = state(
        service("a", "10.96.0.1", ("http", 15001), ("http-b", 15021)), service("b", "10.96.0.2", ("tcp", 15001))
    )
    assert set(listeners(mesh)) == OWN | {"10.96.0.2_15001"}


def test_a_port_of_a_sidecar_closes_it_for_the_catch_all_listener() -> None:
    narrow = document(
        "Sidecar",
        "s",
        {
            "egress": [
                {
                    "port": {"number": 80, "protocol": "HTTP", "name": "http"},
                    "hosts": ["./a.default.svc.cluster.local"],
                },
                {"hosts": ["./*"]},
            ]
        },
    )
    web = service("a", "10.96.0.1", ("http", 80))
    raw = entry("raw", "raw.com", port=80, protocol="TCP")
    assert {destination(c) for c in chains(listeners(state(web, raw))["0.0.0.0_80"])} == {
        "routes 80",
        "outbound|80||raw.com",
    }
    closed = listeners(state(web, raw, narrow))["0.0.0.0_80"]
    assert {destination(c) for c in chains(closed)} == {"routes 80", "PassthroughCluster"}


def test_capture_mode_none_opens_a_real_port_on_loopback() -> None:
    sidecar = document(
        "Sidecar",
        "s",
        {
            "egress": [
                {
                    "port": {"number": 9080, "protocol": "HTTP", "name": "http"},
                    "captureMode": "NONE",
                    "hosts": ["./*"],
                }
            ]
        },
    )
    listener = listeners(state(service("a", "10.96.0.1", ("http", 9080)), sidecar))["127.0.0.1_9080"]
    assert not listener.HasField("bind_to_port")
    assert [destination(c) for c in chains(listener)] == ["routes 9080"]
    assert not listener.listener_filters


def test_a_unix_socket_carries_all_ports_under_its_own_name() -> None:
    sidecar = document(
        "Sidecar",
        "s",
        {
            "egress": [
                {
                    "port": {"number": 0, "protocol": "HTTP", "name": "x"},
                    "bind": "unix:///tmp/e.sock",
                    "hosts": ["./*"],
                },
                {
                    "port": {"number": 0, "protocol": "TCP", "name": "y"},
                    "bind": "unix://@raw",
                    "hosts": ["./db.default.svc.cluster.local"],
                },
            ]
        },
    )
    mesh = state(service("a", "10.96.0.1", ("http", 80)), service("db", "10.96.0.3", ("tcp", 9000)), sidecar)
    found = listeners(mesh)
    requests, raw = found["unix:///tmp/e.sock_0"], found["unix://@raw_0"]
    assert requests.address.pipe.path == "/tmp/e.sock" and raw.address.pipe.path == "@raw"
    assert [destination(c) for c in chains(requests)] == ["routes unix:///tmp/e.sock"]
    assert [destination(c) for c in chains(raw)] == ["outbound|9000||db.default.svc.cluster.local"]


def test_without_redirection_there_are_real_ports_on_loopback_and_no_virtual_listener() -> None:
    found = listeners(
        state(service("a", "10.96.0.1", ("http", 80))), workload("client", interception=Interception.NONE)
    )
    assert set(found) == {"127.0.0.1_80"}
    assert not found["127.0.0.1_80"].HasField("bind_to_port")


def test_tproxy_listeners_are_transparent_and_keep_the_clients_address() -> None:
    found = listeners(state(), workload("client", interception=Interception.TPROXY))
    assert found["virtualOutbound"].transparent.value and found["virtualInbound"].transparent.value
    assert inspectors(found["virtualInbound"])[:2] == ["original_dst", "original_src"]


def test_a_pod_with_both_families_listens_on_both() -> None:
    dual = document(
        "Service",
        "db",
        {
            "clusterIP": "10.96.0.3",
            "clusterIPs": ["10.96.0.3", "fd00::3"],
            "selector": {"app": "db"},
            "ports": [{"name": "tcp", "port": 9000}],
        },
    )
    mesh = state(dual, service("web", "10.96.0.1", ("http", 80)))
    found = listeners(mesh, workload("client", "10.1.0.1", "fd00::1"))
    for name, other in (("10.96.0.3_9000", "fd00::3"), ("0.0.0.0_80", "::"), ("virtualInbound", "::")):
        assert [a.address.socket_address.address for a in found[name].additional_addresses] == [other]
    assert "fd00::3_9000" in listeners(mesh, workload("client", "fd00::1"))
    assert not listeners(mesh)["10.96.0.3_9000"].additional_addresses


def test_an_external_name_has_no_listener() -> None:
    alias = document(
        "Service",
        "alias",
        {
            "type": "ExternalName",
            "externalName": "db.default.svc.cluster.local",
            "ports": [{"name": "tcp", "port": 9000}],
        },
    )
    assert set(listeners(state(alias))) == OWN


def test_the_http_proxy_port_is_on_loopback_and_admits_absolute_urls() -> None:
    listener = listeners(state(mesh="proxyHttpPort: 15002"))["127.0.0.1_15002"]
    http = manager(listener.filter_chains[0])
    assert http.rds.route_config_name == "http_proxy" and http.http_protocol_options.allow_absolute_url.value


def test_a_port_for_an_http_proxy_serves_all_services_by_one_table() -> None:
    port = {"number": 3128, "protocol": "HTTP_PROXY", "name": "proxy"}
    sidecar = document("Sidecar", "s", {"egress": [{"port": port, "captureMode": "NONE", "hosts": ["./*"]}]})
    found = listeners(state(service("a", "10.96.0.1", ("http", 80)), service("b", "10.96.0.2", ("tcp", 81)), sidecar))
    assert set(found) == OWN | {"127.0.0.1_3128"}
    assert [destination(c) for c in chains(found["127.0.0.1_3128"])] == ["routes 3128"]
