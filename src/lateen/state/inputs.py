# SPDX-License-Identifier: Apache-2.0
"""The engine's inputs: API objects in buckets, each named by what a query wants to know.

A bucket of several objects is a tuple in Istio's order: oldest first, objects without a creation time before all
others, then by name, then by namespace. Absence is an empty bucket. A query depends on the buckets it reads and on
nothing else, so a bucket is as narrow as the question: the names of a namespace's virtual services are one bucket,
their contents others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lateen.incremental.engine import Input
from lateen.model.mesh.networks import MeshNetworks
from lateen.model.mesh_config import MeshConfig
from lateen.model.ref import Ref

if TYPE_CHECKING:
    from lateen.model.core.endpoint_slice import EndpointSlice
    from lateen.model.core.endpoints import Endpoints
    from lateen.model.core.ingress import Ingress
    from lateen.model.core.ingress_class import IngressClass
    from lateen.model.core.namespace import Namespace
    from lateen.model.core.node import Node
    from lateen.model.core.pod import Pod
    from lateen.model.core.secret import Secret
    from lateen.model.core.service import Service
    from lateen.model.extensions.wasm_plugin import WasmPlugin
    from lateen.model.networking.destination_rule import DestinationRule
    from lateen.model.networking.envoy_filter import EnvoyFilter
    from lateen.model.networking.gateway import Gateway
    from lateen.model.networking.proxy_config import ProxyConfig
    from lateen.model.networking.service_entry import ServiceEntry
    from lateen.model.networking.sidecar import Sidecar
    from lateen.model.networking.virtual_service import VirtualService
    from lateen.model.networking.workload_entry import WorkloadEntry
    from lateen.model.security.authorization_policy import AuthorizationPolicy
    from lateen.model.security.peer_authentication import PeerAuthentication
    from lateen.model.security.request_authentication import RequestAuthentication
    from lateen.model.telemetry.telemetry import Telemetry

# -- which objects there are ---------------------------------------------------------------------------------------

refs_in: Input[tuple[str, str], tuple[Ref, ...]] = Input("refs_in", ())
"""(kind, namespace) -> the objects there, in Istio's order: changes when one comes, goes or has another age."""

namespaces_of: Input[str, tuple[str, ...]] = Input("namespaces_of", ())
"""kind -> the namespaces that have objects of it, sorted."""

# -- the mesh ------------------------------------------------------------------------------------------------------

mesh_config: Input[None, MeshConfig] = Input("mesh_config", MeshConfig())
"""None -> the MeshConfig. Read it through `compile.mesh`."""

mesh_networks: Input[None, MeshNetworks] = Input("mesh_networks", MeshNetworks())
"""None -> the networks of the mesh."""
domain: Input[None, str] = Input("domain", "cluster.local")
"""None -> the cluster's DNS domain."""

namespace: Input[str, Namespace | None] = Input("namespace", None)
node: Input[str, Node | None] = Input("node", None)
secret: Input[Ref, Secret | None] = Input("secret", None)

# -- services and workloads ----------------------------------------------------------------------------------------

service: Input[Ref, Service | None] = Input("service", None)
external_names_to: Input[str, tuple[Service, ...]] = Input("external_names_to", ())
"""host name -> Services of type ExternalName whose target it is."""

service_entry: Input[Ref, ServiceEntry | None] = Input("service_entry", None)
service_entries_by_host: Input[str, tuple[ServiceEntry, ...]] = Input("service_entries_by_host", ())
"""host name as written -> the entries of any namespace that declare it."""

endpoint_slices_by_service: Input[tuple[str, str], tuple[EndpointSlice, ...]] = Input("endpoint_slices_by_service", ())
"""(namespace, name of the Service) -> its slices."""
endpoints_by_name: Input[tuple[str, str], Endpoints | None] = Input("endpoints_by_name", None)
"""(namespace, name of the Service) -> the older form of its endpoints."""

pod: Input[Ref, Pod | None] = Input("pod", None)
pods_in: Input[str, tuple[Pod, ...]] = Input("pods_in", ())
pods_by_ip: Input[str, tuple[Pod, ...]] = Input("pods_by_ip", ())

workload_entry: Input[Ref, WorkloadEntry | None] = Input("workload_entry", None)
workload_entries_in: Input[str, tuple[WorkloadEntry, ...]] = Input("workload_entries_in", ())
workload_entries_by_address: Input[str, tuple[WorkloadEntry, ...]] = Input("workload_entries_by_address", ())

# -- routing -------------------------------------------------------------------------------------------------------

virtual_service: Input[Ref, VirtualService | None] = Input("virtual_service", None)
virtual_services_by_gateway: Input[str, tuple[VirtualService, ...]] = Input("virtual_services_by_gateway", ())
"""`namespace/name` of a Gateway -> the rules bound to it; `mesh` -> those for sidecars."""

source_labels: Input[str, frozenset[str]] = Input("source_labels", frozenset())
"""namespace -> the keys of `sourceLabels` in its virtual services. Delegates, whose roots may be anywhere, are under
the empty name."""

destination_rule: Input[Ref, DestinationRule | None] = Input("destination_rule", None)

compared_labels: Input[None, frozenset[str]] = Input("compared_labels", frozenset())
"""None -> the keys of labels that destination rules compare to rank endpoints (failoverPriority)."""
selector_labels: Input[str, frozenset[str]] = Input("selector_labels", frozenset())
"""namespace -> the keys in the workloadSelectors of its destination rules."""

gateways: Input[str, tuple[Gateway, ...]] = Input("gateways", ())
"""`all` -> every Gateway."""
ingresses: Input[str, tuple[Ingress, ...]] = Input("ingresses", ())
"""`all` -> every Ingress."""
ingress_classes: Input[str, tuple[IngressClass, ...]] = Input("ingress_classes", ())
"""`all` -> every IngressClass."""

# -- what applies to workloads -------------------------------------------------------------------------------------

sidecar: Input[Ref, Sidecar | None] = Input("sidecar", None)
sidecars_in: Input[str, tuple[Sidecar, ...]] = Input("sidecars_in", ())
peer_authentications_in: Input[str, tuple[PeerAuthentication, ...]] = Input("peer_authentications_in", ())
request_authentications_in: Input[str, tuple[RequestAuthentication, ...]] = Input("request_authentications_in", ())
authorization_policies_in: Input[str, tuple[AuthorizationPolicy, ...]] = Input("authorization_policies_in", ())
telemetries_in: Input[str, tuple[Telemetry, ...]] = Input("telemetries_in", ())
envoy_filters_in: Input[str, tuple[EnvoyFilter, ...]] = Input("envoy_filters_in", ())
wasm_plugins_in: Input[str, tuple[WasmPlugin, ...]] = Input("wasm_plugins_in", ())
proxy_configs_in: Input[str, tuple[ProxyConfig, ...]] = Input("proxy_configs_in", ())
