# SPDX-License-Identifier: Apache-2.0
"""The endpoints of services, whichever object names them."""

from __future__ import annotations

from lateen.compile.services.endpoint import Endpoint, Health
from lateen.compile.services.instances import endpoints_of, service_accounts
from lateen.compile.services.service import ServiceKey
from lateen.compile.workload import Locality
from lateen.state.state import State
from tests.compile.world import mesh_of

_WEB = ServiceKey("web.shop.svc.cluster.local", "shop")

_SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.1, selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {topology.kubernetes.io/region: r1, topology.kubernetes.io/zone: z1}}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop, labels: {app: web, security.istio.io/tlsMode: istio}}
spec: {nodeName: node-1, serviceAccountName: shop, containers: [{name: app, ports: [{name: web, containerPort: 8081}]}]}
status: {phase: Running, podIP: 10.1.0.1, conditions: [{type: Ready, status: "True"}]}
---
"""

_SLICE = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: web-{0}, namespace: shop, labels: {{kubernetes.io/service-name: web}}}}
addressType: {1}
endpoints: [{2}]
ports: [{{name: http, port: 8080}}]
---
"""


def _slice(endpoints: str, name: str = "1", family: str = "IPv4") -> str:
    return _SLICE.format(name, family, endpoints)


def _found(state: State, key: ServiceKey = _WEB, port: int = 80) -> list[Endpoint]:
    return list(endpoints_of(state.db, key, port))


def _health(text: str) -> dict[str, Health]:
    return {e.address: e.health for e in _found(mesh_of(_SERVICE + text))}


def test_an_endpoint_takes_place_labels_and_identity_from_its_pod() -> None:
    state = mesh_of(
        _SERVICE
        + _slice("{addresses: [10.1.0.1], targetRef: {kind: Pod, name: web-1, namespace: shop}, nodeName: node-1}")
    )
    (found,) = _found(state)
    assert (found.address, found.port, found.service_port) == ("10.1.0.1", 8080, "http")
    assert found.locality == Locality("r1", "z1") and found.node == "node-1" and found.tls_mode == "istio"
    assert ("app", "web") in found.labels and ("topology.kubernetes.io/zone", "z1") in found.labels
    assert service_accounts(state.db, _WEB, 80) == ("spiffe://cluster.local/ns/shop/sa/shop",)


def test_conditions() -> None:
    assert _health(
        _slice(
            "{addresses: [10.0.0.1]}, {addresses: [10.0.0.2], conditions: {ready: true}},"
            "{addresses: [10.0.0.3], conditions: {ready: false}},"
            "{addresses: [10.0.0.4], conditions: {ready: false, serving: true, terminating: true}}"
        )
    ) == {"10.0.0.1": Health.HEALTHY, "10.0.0.2": Health.HEALTHY, "10.0.0.3": Health.UNHEALTHY}


def test_services_with_persistent_sessions_keep_what_terminates() -> None:
    text = _SERVICE.replace(
        "{name: web, namespace: shop}", "{name: web, namespace: shop, labels: {istio.io/persistent-session: c}}", 1
    )
    state = mesh_of(
        text
        + _slice(
            "{addresses: [10.0.0.4], conditions: {ready: false, serving: true, terminating: true}},"
            "{addresses: [10.0.0.5], conditions: {ready: false, serving: false, terminating: true}}"
        )
    )
    assert {e.address: e.health for e in _found(state)} == {"10.0.0.4": Health.DRAINING}


def test_an_endpoint_waits_for_its_pod() -> None:
    assert _health(_slice("{addresses: [10.1.0.9], targetRef: {kind: Pod, name: web-9, namespace: shop}}")) == {}


def test_slices_of_names_are_dropped_and_of_both_families_kept() -> None:
    both = _slice("{addresses: [10.0.0.1]}") + _slice("{addresses: ['fd00::1']}", "2", "IPv6")
    assert set(_health(both + _slice("{addresses: [a.com]}", "3", "FQDN"))) == {"10.0.0.1", "fd00::1"}


def test_endpoints_count_only_where_slices_are_absent() -> None:
    old = """
apiVersion: v1
kind: Endpoints
metadata: {name: web, namespace: shop}
subsets: [{addresses: [{ip: 10.0.0.7}], notReadyAddresses: [{ip: 10.0.0.8}], ports: [{name: http, port: 8080}]}]
---
"""
    assert _health(old) == {"10.0.0.7": Health.HEALTHY, "10.0.0.8": Health.UNHEALTHY}
    assert set(_health(old + _slice("{addresses: [10.0.0.1]}"))) == {"10.0.0.1"}


def test_a_service_selects_workload_entries_too() -> None:
    state = mesh_of(
        _SERVICE
        + _slice("{addresses: [10.0.0.1]}")
        + """
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: vm, namespace: shop, labels: {app: web}}
spec: {address: 10.2.0.1, serviceAccount: vm, locality: r2/z2/s2, ports: {http: 9090}, weight: 4}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: by-name, namespace: shop}
spec: {address: vm.example.com, labels: {app: web}}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: elsewhere, namespace: m}
spec: {address: 10.2.0.2, labels: {app: web}}
"""
    )
    slice_one, vm = _found(state)
    assert slice_one.address == "10.0.0.1"
    assert (vm.address, vm.port, vm.weight, vm.tls_mode) == ("10.2.0.1", 9090, 4, "istio")
    assert vm.locality == Locality("r2", "z2", "s2") and vm.service_account == "spiffe://cluster.local/ns/shop/sa/vm"


def _entry(spec: str, more: str = "") -> list[tuple[str, int]]:
    state = mesh_of(
        f"""
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: api, namespace: shop}}
spec: {spec}
---
{more}"""
    )
    return [(e.address, e.port) for e in _found(state, ServiceKey("api.com", "shop"))]


_PORT = "ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]"


def test_endpoints_of_an_entry() -> None:
    assert _entry(f"{{hosts: [api.com], resolution: DNS, {_PORT}}}") == [("api.com", 8080)]
    assert _entry(f"{{hosts: [api.com], resolution: NONE, {_PORT}}}") == []
    inline = "endpoints: [{address: 10.0.0.1}, {address: 10.0.0.2, ports: {http: 99}}, {address: 'unix:///run/x'}]"
    assert _entry(f"{{hosts: [api.com], resolution: STATIC, {inline}, {_PORT}}}") == [
        ("10.0.0.1", 8080),
        ("10.0.0.2", 99),
        ("unix:///run/x", 0),
    ]


def test_one_name_for_round_robin() -> None:
    later = f"""
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: later, namespace: shop, creationTimestamp: "2024-01-01T00:00:00Z"}}
spec: {{hosts: [api.com], resolution: DNS_ROUND_ROBIN, endpoints: [{{address: b.com}}], {_PORT}}}
"""
    assert _entry(f"{{hosts: [api.com], resolution: DNS_ROUND_ROBIN, {_PORT}}}", later) == [("api.com", 8080)]


def test_an_entry_selects_ready_pods_and_healthy_workload_entries() -> None:
    selected = f"{{hosts: [api.com], resolution: STATIC, workloadSelector: {{labels: {{app: web}}}}, {_PORT}}}"
    vm = """
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {{name: {0}, namespace: shop, annotations: {{proxy.istio.io/health-checks-enabled: "true"}}}}
spec: {{address: 10.2.0.{1}, labels: {{app: web}}}}
status: {{conditions: [{{type: Healthy, status: "{2}"}}]}}
---
"""
    pods = """
apiVersion: v1
kind: Pod
metadata: {{name: web-{0}, namespace: shop, labels: {{app: web}}}}
spec: {{containers: [{{name: app}}]}}
status: {{phase: Running, podIP: 10.1.0.{0}, conditions: [{{type: Ready, status: "{1}"}}]}}
---
"""
    found = _entry(
        selected,
        pods.format(1, "True") + pods.format(2, "False") + vm.format("ill", 1, "False") + vm.format("well", 2, "True"),
    )
    assert found == [("10.1.0.1", 8080), ("10.2.0.2", 8080)]
