# SPDX-License-Identifier: Apache-2.0
"""tcp and tls routes of VirtualServices, and what DestinationRules say about connections."""

from __future__ import annotations

from typing import Any

from tests.compile.listeners.sidecars import (
    chains,
    destination,
    document,
    entry,
    inspectors,
    listeners,
    proxy_of,
    service,
    state,
    workload,
)

DB = service("db", "10.96.0.3", ("tcp", 9000))
NAME = "db.default.svc.cluster.local"


def rule(name: str, host: str, **spec: Any) -> str:
    return document("VirtualService", name, {"hosts": [host], **spec})


def to(host: str, subset: str = "", port: int = 0, weight: int = 0) -> dict[str, Any]:
    destination: dict[str, Any] = {"host": host}
    if subset:
        destination["subset"] = subset
    if port:
        destination["port"] = {"number": port}
    return {"destination": destination, **({"weight": weight} if weight else {})}


def test_weights_of_a_tcp_route() -> None:
    mesh = state(DB, rule("split", "db", tcp=[{"route": [to("db", "v1", weight=90), to("db", "v2", weight=10)]}]))
    (chain,) = chains(listeners(mesh)["10.96.0.3_9000"])
    assert destination(chain) == f"outbound|9000|v1|{NAME}=90 outbound|9000|v2|{NAME}=10"
    assert proxy_of(chain).stat_prefix == "split.default"
    assert chain.metadata.filter_metadata["istio"]["config"].endswith("/virtual-service/split")


def test_a_tcp_route_without_match_ends_the_list_and_one_for_another_port_or_source_does_not_apply() -> None:
    other_port = {"match": [{"port": 1}], "route": [to("a.com", port=1)]}
    other_source = {"match": [{"sourceLabels": {"app": "server"}}], "route": [to("b.com", port=1)]}
    mine = {"match": [{"sourceLabels": {"app": "client"}, "port": 9000}], "route": [to("c.com", port=1)]}
    mesh = state(DB, rule("r", "db", tcp=[other_port, other_source, mine, {"route": [to("d.com", port=1)]}]))
    assert [destination(c) for c in chains(listeners(mesh)["10.96.0.3_9000"])] == ["outbound|1||c.com"]
    server = listeners(mesh, workload("server"))["10.96.0.3_9000"]
    assert [destination(c) for c in chains(server)] == ["outbound|1||b.com"]


def test_destination_subnets_leave_the_service_its_own_chain() -> None:
    near = {"match": [{"destinationSubnets": ["10.96.0.0/24"]}], "route": [to("db", "near")]}
    listener = listeners(state(DB, rule("r", "db", tcp=[near])))["10.96.0.3_9000"]
    assert destination(listener.default_filter_chain) == f"outbound|9000||{NAME}"
    assert [destination(c) for c in listener.filter_chains] == [f"outbound|9000|near|{NAME}"]
    assert listener.filter_chains[0].filter_chain_match.prefix_ranges[0].prefix_len.value == 24


def test_server_names_of_tls_routes_and_everything_else_passes_through() -> None:
    hosts = entry("www", "a.com", "b.com", "*.c.com", port=443, protocol="TLS")
    rules = rule(
        "by-name", "a.com", tls=[{"match": [{"sniHosts": ["a.com"], "port": 443}], "route": [to("b.com", port=443)]}]
    )
    listener = listeners(state(hosts, rules))["0.0.0.0_443"]
    assert inspectors(listener) == ["tls_inspector"]
    found = {tuple(c.filter_chain_match.server_names): destination(c) for c in chains(listener)}
    assert found == {
        ("a.com",): "outbound|443||b.com",
        ("b.com",): "outbound|443||b.com",
        ("*.c.com",): "outbound|443||*.c.com",
        (): "PassthroughCluster",
    }


def test_a_tls_service_with_an_address_needs_no_server_name() -> None:
    listener = listeners(state(service("web", "10.96.0.5", ("https", 443))))["10.96.0.5_443"]
    assert not listener.listener_filters
    assert [destination(c) for c in chains(listener)] == ["outbound|443||web.default.svc.cluster.local"]


def test_of_two_rules_for_one_name_the_older_wins_and_equal_chains_within_one_rule_are_left_out() -> None:
    hosts = entry("www", "a.com", port=443, protocol="TLS", addresses=("10.9.0.0/16",), resolution="NONE")
    match = {"sniHosts": ["a.com"], "port": 443}
    leaking = rule(
        "leak",
        "a.com",
        tls=[
            {"match": [{**match, "destinationSubnets": ["10.9.1.0/24"]}], "route": [to("one.com", port=443)]},
            {"match": [match], "route": [to("two.com", port=443)]},
        ],
    )
    mesh = state(hosts, leaking)
    listener = listeners(mesh)["0.0.0.0_443"]
    assert [destination(c) for c in listener.filter_chains] == ["outbound|443||one.com"]
    assert [str(r.ref) for r in mesh.db.reports() if r.code == "listener-conflict"] == ["VirtualService/default/leak"]


def test_an_external_name_is_one_more_server_name() -> None:
    hosts = entry("www", "secure.com", port=443, protocol="TLS")
    alias = document(
        "Service",
        "short",
        {"type": "ExternalName", "externalName": "secure.com", "ports": [{"name": "tls", "port": 443}]},
    )
    listener = listeners(state(hosts, alias))["0.0.0.0_443"]
    names = set(listener.filter_chains[0].filter_chain_match.server_names)
    assert {"secure.com", "short", "short.default", "short.default.svc.cluster.local"} <= names


def test_connection_settings_come_from_the_rule_level_only() -> None:
    policy = {
        "connectionPool": {"tcp": {"idleTimeout": "20s", "maxConnectionDuration": "1h"}},
        "loadBalancer": {"consistentHash": {"useSourceIp": True}},
        "portLevelSettings": [{"port": {"number": 9000}, "connectionPool": {"tcp": {"idleTimeout": "5s"}}}],
    }
    rules = document("DestinationRule", "db", {"host": "db", "trafficPolicy": policy})
    proxy = proxy_of(chains(listeners(state(DB, rules))["10.96.0.3_9000"])[0])
    assert proxy.idle_timeout.seconds == 20 and proxy.max_downstream_connection_duration.seconds == 3600
    assert proxy.hash_policy[0].HasField("source_ip")


def test_a_subset_can_tunnel_and_drop_the_source_hash_and_weights_have_neither() -> None:
    rules = document(
        "DestinationRule",
        "db",
        {
            "host": "db",
            "trafficPolicy": {"loadBalancer": {"consistentHash": {"useSourceIp": True}}},
            "subsets": [
                {
                    "name": "v1",
                    "trafficPolicy": {
                        "loadBalancer": {"simple": "RANDOM"},
                        "tunnel": {"protocol": "POST", "targetHost": "far.com", "targetPort": 7},
                    },
                }
            ],
        },
    )
    single = state(DB, rules, rule("r", "db", tcp=[{"route": [to("db", "v1")]}]))
    proxy = proxy_of(chains(listeners(single)["10.96.0.3_9000"])[0])
    assert (proxy.tunneling_config.hostname, proxy.tunneling_config.use_post) == ("far.com:7", True)
    assert not proxy.hash_policy
    both = state(DB, rules, rule("r", "db", tcp=[{"route": [to("db", "v1", weight=1), to("db", weight=1)]}]))
    proxy = proxy_of(chains(listeners(both)["10.96.0.3_9000"])[0])
    assert not proxy.HasField("tunneling_config") and proxy.hash_policy


def test_a_destination_without_a_port_means_the_only_one_else_the_listeners() -> None:
    one = service("one", "10.96.0.6", ("tcp", 1111))
    two = service("two", "10.96.0.7", ("tcp", 1111), ("tcp-b", 2222))
    for host, port in (("one", 1111), ("two", 9000)):
        mesh = state(DB, one, two, rule("r", "db", tcp=[{"route": [to(host)]}]))
        (chain,) = chains(listeners(mesh)["10.96.0.3_9000"])
        assert destination(chain) == f"outbound|{port}||{host}.default.svc.cluster.local"


def test_of_two_rules_that_share_a_name_the_later_keeps_the_others() -> None:
    hosts = entry("www", "a.com", "b.com", "c.com", port=443, protocol="TLS")

    def by_name(name: str, target: str, *names: str) -> str:
        match = {"sniHosts": list(names), "port": 443}
        spec = {"hosts": list(names), "tls": [{"match": [match], "route": [to(target, port=443)]}]}
        return document("VirtualService", name, spec)

    mesh = state(hosts, by_name("one", "one.com", "a.com", "b.com"), by_name("two", "two.com", "b.com", "c.com"))
    found = {tuple(c.filter_chain_match.server_names): destination(c) for c in chains(listeners(mesh)["0.0.0.0_443"])}
    assert found == {
        ("a.com", "b.com"): "outbound|443||one.com",
        ("c.com",): "outbound|443||two.com",
        (): "PassthroughCluster",
    }
    assert "VirtualService/default/two" in {str(r.ref) for r in mesh.db.reports() if r.code == "listener-conflict"}


def test_an_address_of_two_services_belongs_to_the_one_that_has_it_first() -> None:
    both = entry("a", "a.com", port=9000, protocol="TCP", addresses=("10.9.0.1", "10.9.0.2"))
    second = entry("b", "b.com", port=9000, protocol="TCP", addresses=("10.9.0.2",))
    found = listeners(state(both, second))
    assert destination(found["10.9.0.2_9000"].filter_chains[0]) == "outbound|9000||b.com"
    assert not found["10.9.0.1_9000"].additional_addresses
    alone = listeners(state(both))["10.9.0.1_9000"]
    assert [a.address.socket_address.address for a in alone.additional_addresses] == ["10.9.0.2"]


def test_a_chain_names_the_object_behind_it() -> None:
    raw = entry("raw", "raw.com", port=9000, protocol="TCP")
    chain = listeners(state(raw))["0.0.0.0_9000"].filter_chains[0]
    assert chain.metadata.filter_metadata["istio"]["config"] == (
        "/apis/networking.istio.io/v1/namespaces/default/service-entry/raw"
    )
