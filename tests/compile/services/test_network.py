# SPDX-License-Identifier: Apache-2.0
"""Networks: where endpoints are, and how others are reached."""

from __future__ import annotations

from lateen.compile.endpoints.network_gateways import network_gateways
from lateen.compile.known_workload import known_workload
from lateen.compile.services.instances import endpoints_of
from lateen.compile.services.service import ServiceKey
from lateen.model.core.config_map import ConfigMap
from lateen.parse.networks import mesh_networks_of
from lateen.state.state import State
from tests.compile.world import mesh_of, objects, sidecar

_WORLD = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: gate, namespace: istio-system}
spec: {clusterIP: 10.96.0.2, externalIPs: [192.0.2.9], ports: [{name: tls, port: 15443}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: [{addresses: [10.1.0.1]}, {addresses: [10.2.0.1]}, {addresses: [10.2.7.1]}, {addresses: [10.9.0.1]}]
ports: [{name: http, port: 80}]
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop, labels: {topology.istio.io/network: labelled}}
spec: {containers: [{name: app}]}
status: {phase: Running, podIP: 10.1.0.1}
---
"""

_NETWORKS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  meshNetworks: |
    networks:
      wide:
        endpoints: [{fromCidr: 10.2.0.0/16}]
        gateways:
        - {address: 192.0.2.1, port: 443}
        - {registryServiceName: gate.istio-system.svc.cluster.local, port: 15443}
      narrow:
        endpoints: [{fromCidr: 10.2.7.0/24}]
"""


def _state(networks: str = _NETWORKS, more: str = "") -> State:
    state = mesh_of(_WORLD + more)
    (config_map,) = objects(networks)
    assert isinstance(config_map, ConfigMap)
    found, diagnostics = mesh_networks_of(config_map)
    assert diagnostics == ()
    state.set_mesh_networks(found)
    return state


def _networks(state: State) -> dict[str, str]:
    found = endpoints_of(state.db, ServiceKey("web.shop.svc.cluster.local", "shop"), 80)
    return {endpoint.address: endpoint.network for endpoint in found}


def test_a_label_then_the_narrowest_range() -> None:
    assert _networks(_state()) == {
        "10.1.0.1": "labelled",
        "10.2.0.1": "wide",
        "10.2.7.1": "narrow",
        "10.9.0.1": "",
    }


def test_the_network_of_the_cluster() -> None:
    text = _NETWORKS.replace("endpoints: [{fromCidr: 10.2.7.0/24}]", "endpoints: [{fromRegistry: Kubernetes}]")
    assert _networks(_state(text))["10.2.0.1"] == "narrow"


def test_the_label_of_the_system_namespace_is_about_all_of_the_cluster() -> None:
    label = (
        "{apiVersion: v1, kind: Namespace, metadata: {name: istio-system, labels: {topology.istio.io/network: home}}}"
    )
    state = _state(more=label)
    assert _networks(state) == dict.fromkeys(("10.2.0.1", "10.2.7.1", "10.9.0.1"), "home") | {"10.1.0.1": "labelled"}


def test_a_proxy_is_in_the_network_of_its_pod() -> None:
    assert known_workload(_state().db, sidecar("web-1", "shop", "10.1.0.1")).network == "labelled"


def test_gateways_by_address_and_by_service() -> None:
    found = [(g.network, g.address, g.port) for g in network_gateways(_state().db)]
    assert found == [("wide", "192.0.2.1", 443), ("wide", "192.0.2.9", 15443)]


def test_networks_that_cannot_be_read_are_reported() -> None:
    (config_map,) = objects(_NETWORKS.replace("10.2.0.0/16", "nonsense"))
    assert isinstance(config_map, ConfigMap)
    found, (diagnostic, *_) = mesh_networks_of(config_map)
    assert found.networks == {} and diagnostic.field == "data.meshNetworks"
