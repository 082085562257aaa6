# SPDX-License-Identifier: Apache-2.0
"""Services of both kinds, several declarations of one host, and who sees them."""

from __future__ import annotations

from lateen.compile.services.exports import exported_services, visible_services
from lateen.compile.services.registry import namespaces_declaring, service
from lateen.compile.services.service import MeshService, Registry, Resolution, ServiceKey
from lateen.model.diagnostic import Diagnostic
from lateen.state.state import State
from tests.compile.world import mesh_of


def _entry(name: str, namespace: str, spec: str, created: str = "2024-01-01T00:00:00Z") -> str:
    return f"""
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}, namespace: {namespace}, creationTimestamp: "{created}"}}
spec: {spec}
"""


def _found(state: State, host: str, namespace: str, variant: str = "") -> MeshService:
    found = service(state.db, ServiceKey(host, namespace, variant))
    assert found is not None
    return found


def test_a_kubernetes_service() -> None:
    state = mesh_of(
        """
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations: {networking.istio.io/exportTo: "., other", networking.istio.io/traffic-distribution: PreferClose}
spec:
  clusterIP: 10.96.0.1
  clusterIPs: [10.96.0.1, "fd00::1"]
  internalTrafficPolicy: Local
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: web}, {name: tls, port: 443}]
"""
    )
    found = _found(state, "web.shop.svc.cluster.local", "shop")
    assert found.addresses == ("10.96.0.1", "fd00::1") and found.address == "10.96.0.1"
    assert [(p.number, p.target_port) for p in found.ports] == [(80, "web"), (443, 0)]
    assert found.resolution is Resolution.CLIENT_SIDE and not found.external
    assert found.export_to == (".", "other") and found.node_local and found.traffic_distribution == "PreferClose"


def test_headless_external_name_and_addressless_services() -> None:
    state = mesh_of(
        """
{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}, spec: {clusterIP: None, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: b, namespace: shop}, spec: {type: ExternalName, externalName: x.com}}
---
{apiVersion: v1, kind: Service, metadata: {name: c, namespace: shop}, spec: {ports: [{port: 80}]}}
"""
    )
    a, b, c = (_found(state, f"{name}.shop.svc.cluster.local", "shop") for name in "abc")
    assert a.resolution is Resolution.PASSTHROUGH and a.address == "0.0.0.0" and a.addresses == ()
    assert b.resolution is Resolution.ALIAS and b.alias_of == "x.com" and b.external
    assert c.resolution is Resolution.CLIENT_SIDE and c.address == "0.0.0.0"


def test_a_service_entry_is_a_service_for_each_host() -> None:
    state = mesh_of(
        _entry(
            "api",
            "shop",
            "{hosts: [a.com, '*.b.com'], addresses: [10.0.0.1/32, 10.1.0.0/16], resolution: NONE,"
            " subjectAltNames: [x], ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]}",
        )
    )
    for host in ("a.com", "*.b.com"):
        found = _found(state, host, "shop")
        assert found.addresses == ("10.0.0.1", "10.1.0.0/16") and found.external
        assert found.registry is Registry.EXTERNAL and found.subject_alt_names == ("x",)
        assert found.resolution is Resolution.PASSTHROUGH and found.port(80) is not None
    assert service(state.db, ServiceKey("c.com", "shop")) is None


def test_entries_of_one_host_join_their_ports_the_oldest_leading() -> None:
    state = mesh_of(
        _entry(
            "b",
            "shop",
            "{hosts: [x.com], resolution: DNS, ports: [{number: 80, name: b, protocol: TCP}]}",
            "2024-02-01T00:00:00Z",
        )
        + _entry("a", "shop", "{hosts: [x.com], resolution: DNS, ports: [{number: 81, name: a, protocol: TCP}]}")
        + _entry(
            "c",
            "shop",
            "{hosts: [x.com], resolution: NONE, ports: [{number: 82, name: c, protocol: TCP}]}",
            "2024-03-01T00:00:00Z",
        )
    )
    found = _found(state, "x.com", "shop")
    assert found.name == "a" and [p.number for p in found.ports] == [81, 80]  # c resolves otherwise
    assert [part.name for part in found.declarations] == ["a", "b", "c"]


def test_entries_that_are_seen_by_others_are_services_of_their_own() -> None:
    state = mesh_of(
        _entry("a", "shop", "{hosts: [x.com], exportTo: [other], resolution: DNS, ports: [{number: 80, name: a}]}")
        + _entry(
            "b", "shop", "{hosts: [x.com], resolution: DNS, ports: [{number: 81, name: b}]}", "2024-02-01T00:00:00Z"
        )
    )
    assert [p.number for p in _found(state, "x.com", "shop").ports] == [80]
    assert [p.number for p in _found(state, "x.com", "shop", "b").ports] == [81]
    assert exported_services(state.db, "shop", "third") == (ServiceKey("x.com", "shop", "b"),)
    assert exported_services(state.db, "shop", "other") == (
        ServiceKey("x.com", "shop"),
        ServiceKey("x.com", "shop", "b"),
    )


def test_a_kubernetes_service_leads_entries_of_its_host() -> None:
    host = "web.shop.svc.cluster.local"
    state = mesh_of(
        _entry("web", "shop", f"{{hosts: [{host}], resolution: DNS, ports: [{{number: 81, name: b}}]}}")
        + "---\n{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{port: 80}]}}"
        + _entry("web", "m", f"{{hosts: [{host}], resolution: DNS, ports: [{{number: 81, name: b}}]}}")
    )
    found = _found(state, host, "shop")
    assert found.registry is Registry.KUBERNETES and [p.number for p in found.ports] == [80]
    assert len(found.declarations) == 2
    assert namespaces_declaring(state.db, host) == ("m", "shop")


def test_the_order_of_what_a_namespace_sees() -> None:
    ports = "ports: [{number: 80, name: http}], resolution: DNS"
    state = mesh_of(
        _entry("a", "one", f"{{hosts: [public.com], {ports}}}", "2020-01-01T00:00:00Z")
        + _entry("b", "one", f"{{hosts: [private.com], exportTo: ['.'], {ports}}}")
        + _entry("c", "two", f"{{hosts: [named.com], exportTo: [one, three], {ports}}}", "2019-01-01T00:00:00Z")
        + _entry("d", "two", f"{{hosts: [hidden.com], exportTo: ['~'], {ports}}}")
        + _entry("e", "two", f"{{hosts: [younger.com], exportTo: ['*'], {ports}}}", "2021-01-01T00:00:00Z")
    )
    assert [s.name for s in visible_services(state.db, "one")] == [
        "private.com",
        "named.com",
        "public.com",
        "younger.com",
    ]
    assert [s.name for s in visible_services(state.db, "two")] == ["public.com", "younger.com"]
    assert [s.name for s in visible_services(state.db, "three")] == ["named.com", "public.com", "younger.com"]


def test_ports_that_do_not_exist_are_left_out_and_reported() -> None:
    state = mesh_of(
        "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop},"
        " spec: {ports: [{name: a, port: -1}, {name: b, port: 80}, {name: c, port: 70000}]}}"
    )
    assert [p.number for p in _found(state, "web.shop.svc.cluster.local", "shop").ports] == [80]
    reports = [report for report in state.db.reports() if isinstance(report, Diagnostic)]
    assert [report.field for report in reports] == ["spec.ports[0].port", "spec.ports[2].port"]


def test_identities_that_annotations_add() -> None:
    state = mesh_of(
        """
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations:
    alpha.istio.io/kubernetes-serviceaccounts: vm,other
    alpha.istio.io/canonical-serviceaccounts: "old.example.com"
spec: {ports: [{port: 80}]}
"""
    )
    assert _found(state, "web.shop.svc.cluster.local", "shop").subject_alt_names == (
        "old.example.com",
        "spiffe://cluster.local/ns/shop/sa/other",
        "spiffe://cluster.local/ns/shop/sa/vm",
    )
