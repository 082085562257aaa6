# SPDX-License-Identifier: Apache-2.0
"""Which virtual hosts a table has and which of them gets a domain that several claim."""

from __future__ import annotations

from lateen.compile.proxy import snapshot
from lateen.state.state import State
from tests.compile.routing.worlds import hosts, rule, service, sidecar, state, to


def reports(world: State, *workloads: object) -> list[str]:
    for workload in workloads or (sidecar(),):
        world.db.pin(snapshot, workload)
    world.db.refresh()
    return sorted(str(report) for report in world.db.reports())


def test_the_older_of_two_services_keeps_the_address() -> None:
    world = state(
        service("younger", ip="10.2.0.1", created="2021-01-01T00:00:00Z"),
        service("older", namespace="market", ip="10.2.0.1", created="2020-01-01T00:00:00Z"),
    )
    found = hosts(world, sidecar(), "80")
    assert "10.2.0.1" in found["older.market.svc.cluster.local:80"].domains
    assert "10.2.0.1" not in found["younger.plaza.svc.cluster.local:80"].domains
    (said,) = reports(world)
    assert "Service/plaza/younger" in said
    assert "10.2.0.1" in said
    assert "Service/market/older" in said


def test_a_rule_for_a_literal_host_takes_the_name_from_a_service_only_where_it_has_routes() -> None:
    literal = rule("literal", "basket.market", 'match: [{sourceLabels: {app: web}}], redirect: {uri: "/x"}')
    world = state(service("catalog"), service("basket", namespace="market"), literal)
    web, other = hosts(world, sidecar(app="web"), "80"), hosts(world, sidecar(app="other"), "80")
    assert list(web["basket.market:80"].domains) == ["basket.market"]
    assert "basket.market" not in web["basket.market.svc.cluster.local:80"].domains
    assert "basket.market:80" not in other
    assert "basket.market" in other["basket.market.svc.cluster.local:80"].domains


def test_a_short_name_gives_way_to_a_service_that_is_called_so() -> None:
    entry = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: e, namespace: plaza}
spec: {hosts: [basket.market], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS}
"""
    world = state(service("basket", namespace="market"), entry)
    found = hosts(world, sidecar(), "80")
    assert "basket.market" in found["basket.market:80"].domains
    assert "basket.market" not in found["basket.market.svc.cluster.local:80"].domains
    assert not reports(world)


def test_names_differ_without_regard_to_letter_case() -> None:
    rules = [rule("one", "shop.example.com", to("catalog")), rule("two", "Shop.Example.com", to("catalog"))]
    found = hosts(state(service("catalog"), *rules), sidecar(), "80")
    assert [name for name in found if "example" in name.lower()] == ["shop.example.com:80"]


def test_an_exact_rule_without_routes_does_not_let_a_wildcard_in() -> None:
    world = state(
        service("catalog"),
        rule("exact", "catalog", 'match: [{sourceNamespace: nowhere}], redirect: {uri: "/x"}'),
        rule("wild", '"*.plaza.svc.cluster.local"', 'name: wild, redirect: {uri: "/y"}'),
    )
    (route,) = hosts(world, sidecar(), "80")["catalog.plaza.svc.cluster.local:80"].routes
    assert route.name == "default"


def test_only_the_first_rule_with_a_wildcard_counts() -> None:
    world = state(
        service("catalog"),
        rule(
            "first",
            '"*.cluster.local"',
            'match: [{sourceNamespace: nowhere}], redirect: {uri: "/x"}',
            created="2020-01-01T00:00:00Z",
        ),
        rule("second", '"*.cluster.local"', 'name: second, redirect: {uri: "/y"}', created="2021-01-01T00:00:00Z"),
    )
    (route,) = hosts(world, sidecar(), "80")["catalog.plaza.svc.cluster.local:80"].routes
    assert route.name == "default"


def test_the_name_of_a_virtual_host_on_the_wire_is_that_of_its_resource() -> None:
    found = hosts(state(service("catalog")), sidecar(), "80")
    assert found["catalog.plaza.svc.cluster.local:80"].name == "80/catalog.plaza.svc.cluster.local:80"
    assert found["allow_any"].name == "80/allow_any"


def test_a_table_that_no_sidecar_has_is_empty() -> None:
    world = state(service("catalog"))
    assert not hosts(world, sidecar(), "no-table")
    assert list(hosts(world, sidecar(), "81")) == ["allow_any"]


def test_a_refused_route_for_every_request_leaves_the_next_ones_in_force() -> None:
    bad = 'name: bad, redirect: {uri: "/x", redirectCode: 304}, match: [{uri: {prefix: /}}]'
    world = state(service("catalog"), rule("partly", "catalog", f"{bad}}}, {{name: good, {to('catalog')}"))
    (route,) = hosts(world, sidecar(), "80")["catalog.plaza.svc.cluster.local:80"].routes
    assert route.name == "good"
    assert any("spec.http[0]" in said for said in reports(world))


def test_a_rule_of_which_envoy_takes_nothing_is_as_good_as_absent() -> None:
    world = state(service("catalog"), rule("bad", "catalog", 'name: bad, redirect: {uri: "/x", redirectCode: 304}'))
    (route,) = hosts(world, sidecar(), "80")["catalog.plaza.svc.cluster.local:80"].routes
    assert route.name == "default"
    assert any("bad" in said for said in reports(world))
