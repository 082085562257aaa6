# SPDX-License-Identifier: Apache-2.0
"""Which Sidecar applies, what it brings in, and which proxies share what follows from it."""

from __future__ import annotations

import pytest

from lateen.compile.mesh import domain
from lateen.compile.scope import scope_of
from lateen.compile.sidecar_scope.egress_listener import egress_listeners
from lateen.compile.sidecar_scope.outbound_policy import outbound_traffic_policy
from lateen.compile.sidecar_scope.selection import sidecar_for
from lateen.compile.sidecar_scope.services import listener_services, scoped_services
from lateen.compile.sidecar_scope.virtual_services import imported_namings
from lateen.compile.workload import Role, Scope, Workload, labels_of
from lateen.model.networking.sidecar import OutboundTrafficPolicyMode
from lateen.state.state import State
from tests.compile.world import mesh_of, sidecar


def _istio(kind: str, name: str, namespace: str, spec: str, created: str = "") -> str:
    stamp = f', creationTimestamp: "{created}"' if created else ""
    return f"""
apiVersion: networking.istio.io/v1
kind: {kind}
metadata: {{name: {name}, namespace: {namespace}{stamp}}}
spec: {spec}
---
"""


def _service(name: str, namespace: str, ports: str = "{name: http, port: 80}", annotations: str = "{}") -> str:
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}, annotations: {annotations}}}
spec: {{clusterIP: 10.96.0.1, ports: [{ports}]}}
---
"""


_SERVICES = (
    _service("web", "shop", "{name: http, port: 80}, {name: admin, port: 81}")
    + _service("api", "mine")
    + _service("db", "data", "{name: tcp, port: 5432}")
)


def _selected(text: str, namespace: str = "mine", **labels: str) -> str:
    found = sidecar_for(mesh_of(text).db, namespace, labels_of(labels))
    return "" if found is None else f"{found.namespace}/{found.name}"


def test_the_sidecar_of_a_workload() -> None:
    text = (
        _istio("Sidecar", "default", "mine", "{egress: [{hosts: ['./*']}]}", "2020-01-01T00:00:00Z")
        + _istio(
            "Sidecar",
            "young",
            "mine",
            "{workloadSelector: {labels: {app: a}}, egress: [{hosts: ['./*']}]}",
            "2022-01-01T00:00:00Z",
        )
        + _istio(
            "Sidecar",
            "old",
            "mine",
            "{workloadSelector: {labels: {app: a}}, egress: [{hosts: ['./*']}]}",
            "2021-01-01T00:00:00Z",
        )
        + _istio("Sidecar", "mesh", "istio-system", "{egress: [{hosts: ['./*']}]}")
        + _istio("Sidecar", "aaa", "istio-system", "{workloadSelector: {labels: {app: x}}, egress: [{hosts: ['*/*']}]}")
    )
    assert _selected(text, app="a") == "mine/old"
    assert _selected(text, app="b") == "mine/default"
    assert _selected(text, "shop", app="x") == "istio-system/mesh"
    assert _selected(text, "istio-system", app="x") == "istio-system/aaa"
    assert _selected("", app="a") == ""


def test_an_empty_selector_ranks_with_selectors() -> None:
    text = _istio(
        "Sidecar", "all", "mine", "{workloadSelector: {}, egress: [{hosts: ['./*']}]}", "2023-01-01T00:00:00Z"
    ) + _istio("Sidecar", "default", "mine", "{egress: [{hosts: ['*/*']}]}", "2020-01-01T00:00:00Z")
    assert _selected(text, app="a") == "mine/all"


def _scope(state: State, namespace: str = "mine", **labels: str) -> Scope:
    return scope_of(state.db, sidecar(namespace=namespace, **labels))


def _known(state: State, scope: Scope) -> dict[str, tuple[int, ...] | None]:
    suffix = f".svc.{domain(state.db)}"
    return {host.removesuffix(suffix): scoped.ports for host, scoped in scoped_services(state.db, scope).items()}


def test_without_a_sidecar_everything_that_is_exported() -> None:
    state = mesh_of(_SERVICES + _service("hidden", "shop", annotations="{networking.istio.io/exportTo: '.'}"))
    assert set(_known(state, _scope(state))) == {"web.shop", "api.mine", "db.data"}


def test_egress_hosts_choose() -> None:
    state = mesh_of(_SERVICES + _istio("Sidecar", "default", "mine", "{egress: [{hosts: ['./*', 'data/*']}]}"))
    assert set(_known(state, _scope(state))) == {"api.mine", "db.data"}
    assert set(_known(state, _scope(state, "shop"))) == {"web.shop", "api.mine", "db.data"}


def test_the_mesh_default_is_about_the_proxies_own_namespace() -> None:
    state = mesh_of(_SERVICES + _istio("Sidecar", "default", "istio-system", "{egress: [{hosts: ['./*']}]}"))
    assert set(_known(state, _scope(state))) == {"api.mine"}
    assert set(_known(state, _scope(state, "shop"))) == {"web.shop"}


def test_ingress_alone_leaves_egress_open() -> None:
    state = mesh_of(
        _SERVICES
        + _istio("Sidecar", "default", "mine", "{egress: [{hosts: ['./*']}]}")
        + _istio(
            "Sidecar",
            "in",
            "mine",
            "{workloadSelector: {labels: {app: a}}, ingress: [{port: {number: 9080, protocol: HTTP, name: http},"
            " defaultEndpoint: '127.0.0.1:80'}]}",
        )
    )
    assert set(_known(state, _scope(state, app="a"))) == {"web.shop", "api.mine", "db.data"}


def test_a_port_listener_brings_services_with_that_port() -> None:
    state = mesh_of(
        _SERVICES
        + _istio(
            "Sidecar",
            "default",
            "mine",
            "{egress: [{port: {number: 81, protocol: HTTP, name: http}, hosts: ['*/*']}, {hosts: ['./*']}]}",
        )
    )
    scope = _scope(state)
    first, second = egress_listeners(state.db, scope)
    assert first.matched_port == 81 and second.port is None
    assert _known(state, scope) == {"web.shop": (81,), "api.mine": None}
    assert list(listener_services(state.db, scope, 0)) == ["web.shop.svc.cluster.local"]


def test_listeners_add_the_ports_that_they_bring() -> None:
    state = mesh_of(
        _SERVICES
        + _istio(
            "Sidecar",
            "default",
            "mine",
            "{egress: [{port: {number: 81, protocol: HTTP, name: a}, hosts: ['shop/*']},"
            " {port: {number: 80, protocol: HTTP, name: b}, hosts: ['shop/*']}]}",
        )
    )
    assert _known(state, _scope(state)) == {"web.shop": (81, 80)}


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        ("{host: web.shop.svc.cluster.local, port: {number: 81}}", {"api.mine": None, "web.shop": (81,)}),
        ("{host: web.shop.svc.cluster.local}", {"api.mine": None, "web.shop": None}),
        ("{host: web.shop.svc.cluster.local, port: {number: 99}}", {"api.mine": None}),
        ("{host: absent.shop.svc.cluster.local}", {"api.mine": None}),
    ],
)
def test_destinations_of_imported_rules_come_in(destination: str, expected: dict[str, object]) -> None:
    rule = f"{{hosts: [api], http: [{{route: [{{destination: {destination}}}]}}]}}"
    state = mesh_of(
        _SERVICES
        + _istio("Sidecar", "default", "mine", "{egress: [{hosts: ['./*']}]}")
        + _istio("VirtualService", "api", "mine", rule)
    )
    scope = _scope(state)
    assert _known(state, scope) == expected
    assert list(listener_services(state.db, scope, 0)) == ["api.mine.svc.cluster.local"]


def test_rules_for_other_clients_bring_nothing() -> None:
    rule = (
        "{hosts: [api], http: [{match: [{sourceNamespace: other}],"
        " route: [{destination: {host: web.shop.svc.cluster.local}}]}]}"
    )
    state = mesh_of(
        _SERVICES
        + _istio("Sidecar", "default", "mine", "{egress: [{hosts: ['./*']}]}")
        + _istio("VirtualService", "api", "mine", rule)
    )
    assert _known(state, _scope(state)) == {"api.mine": None}


def _entry(namespace: str, created: str) -> str:
    return _istio(
        "ServiceEntry",
        "x",
        namespace,
        "{hosts: [x.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}",
        created,
    )


def test_one_service_for_a_host_its_own_namespace_first() -> None:
    state = mesh_of(_entry("shop", "2020-01-01T00:00:00Z") + _entry("mine", "2021-01-01T00:00:00Z"))

    def owner(workload: Workload) -> str:
        return scoped_services(state.db, scope_of(state.db, workload))["x.com"].key.namespace

    assert owner(sidecar(namespace="mine")) == "mine"
    assert owner(sidecar(namespace="other")) == "shop"
    gateway = Workload(role=Role.ROUTER, name="gw", namespace="mine", ips=("10.0.0.1",))
    assert owner(gateway) == "shop"


def test_policies_for_unknown_traffic() -> None:
    state = mesh_of(
        _istio("Sidecar", "a", "mine", "{outboundTrafficPolicy: {}}")
        + _istio("Sidecar", "b", "shop", "{egress: [{hosts: ['*/*']}]}")
        + _istio(
            "Sidecar",
            "c",
            "data",
            "{outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: e.com, port: {number: 80}}}}",
        )
    )
    modes = {ns: outbound_traffic_policy(state.db, _scope(state, ns)) for ns in ("mine", "shop", "data", "none")}
    assert modes["mine"].mode is OutboundTrafficPolicyMode.REGISTRY_ONLY
    assert modes["shop"].mode is modes["none"].mode is OutboundTrafficPolicyMode.ALLOW_ANY
    proxy = modes["data"].egress_proxy
    assert proxy is not None and proxy.host == "e.com"


def test_the_order_of_virtual_services() -> None:
    def rule(name: str, namespace: str, export: str, created: str) -> str:
        return _istio(
            "VirtualService",
            name,
            namespace,
            f"{{hosts: [x.com], exportTo: {export}, http: [{{redirect: {{uri: /}}}}]}}",
            created,
        )

    state = mesh_of(
        rule("public", "shop", "['*']", "2019-01-01T00:00:00Z")
        + rule("named", "shop", "[mine]", "2020-01-01T00:00:00Z")
        + rule("private", "mine", "['.']", "2022-01-01T00:00:00Z")
        + rule("younger", "mine", "['.']", "2023-01-01T00:00:00Z")
        + rule("hidden", "shop", "['.']", "2018-01-01T00:00:00Z")
    )

    def names(namespace: str) -> list[str]:
        return [named.ref.name for named in imported_namings(state.db, namespace, None, 0)]

    assert names("mine") == ["private", "younger", "named", "public"]
    assert names("third") == ["public"]


def test_proxies_share_a_scope_unless_a_rule_tells_them_apart() -> None:
    state = mesh_of(_SERVICES)
    assert _scope(state, app="a") == _scope(state, app="b")
    state = mesh_of(
        _istio(
            "VirtualService",
            "x",
            "shop",
            "{hosts: [x], http: [{match: [{sourceLabels: {app: a}}], redirect: {uri: /}}]}",
        )
    )
    assert _scope(state, app="a", version="1") == _scope(state, app="a", version="2") != _scope(state, app="b")


def test_rules_that_a_sidecar_does_not_import_tell_nothing_apart() -> None:
    state = mesh_of(
        _istio(
            "VirtualService",
            "x",
            "shop",
            "{hosts: [x], http: [{match: [{sourceLabels: {app: a}}], redirect: {uri: /}}]}",
        )
        + _istio("Sidecar", "default", "mine", "{egress: [{hosts: ['./*']}]}")
    )
    assert _scope(state, app="a") == _scope(state, app="b")


def test_the_node_counts_where_a_service_keeps_to_it() -> None:
    local = _service("local", "shop").replace("clusterIP", "internalTrafficPolicy: Local, clusterIP")
    assert _scope(mesh_of(_SERVICES)).node == ""
    assert _scope(mesh_of(_SERVICES + local)).node == "node-1"
