# SPDX-License-Identifier: Apache-2.0
"""Every kind of API object that the model knows."""

from typing import Final

from lateen.model.core.config_map import ConfigMap
from lateen.model.core.endpoint_slice import EndpointSlice
from lateen.model.core.endpoints import Endpoints
from lateen.model.core.ingress import Ingress
from lateen.model.core.ingress_class import IngressClass
from lateen.model.core.namespace import Namespace
from lateen.model.core.node import Node
from lateen.model.core.pod import Pod
from lateen.model.core.secret import Secret
from lateen.model.core.service import Service
from lateen.model.core.service_account import ServiceAccount
from lateen.model.extensions.traffic_extension import TrafficExtension
from lateen.model.extensions.wasm_plugin import WasmPlugin
from lateen.model.networking.destination_rule import DestinationRule
from lateen.model.networking.envoy_filter import EnvoyFilter
from lateen.model.networking.gateway import Gateway
from lateen.model.networking.proxy_config import ProxyConfig
from lateen.model.networking.service_entry import ServiceEntry
from lateen.model.networking.sidecar import Sidecar
from lateen.model.networking.virtual_service import VirtualService
from lateen.model.networking.workload_entry import WorkloadEntry
from lateen.model.networking.workload_group import WorkloadGroup
from lateen.model.resource import Resource
from lateen.model.security.authorization_policy import AuthorizationPolicy
from lateen.model.security.peer_authentication import PeerAuthentication
from lateen.model.security.request_authentication import RequestAuthentication
from lateen.model.telemetry.telemetry import Telemetry

ISTIO_KINDS: Final[tuple[type[Resource], ...]] = (
    VirtualService,
    DestinationRule,
    Gateway,
    ServiceEntry,
    Sidecar,
    WorkloadEntry,
    WorkloadGroup,
    ProxyConfig,
    EnvoyFilter,
    PeerAuthentication,
    AuthorizationPolicy,
    RequestAuthentication,
    Telemetry,
    WasmPlugin,
    TrafficExtension,
)
"""The kinds that custom resource definitions define."""

CORE_KINDS: Final[tuple[type[Resource], ...]] = (
    Namespace,
    Node,
    Service,
    Pod,
    EndpointSlice,
    Endpoints,
    ConfigMap,
    Secret,
    ServiceAccount,
    Ingress,
    IngressClass,
)
"""The kinds of Kubernetes itself that a mesh reads."""

KINDS: Final[dict[tuple[str, str], type[Resource]]] = {
    (cls.TYPE.group, cls.TYPE.kind): cls for cls in (*ISTIO_KINDS, *CORE_KINDS)
}
"""Classes by API group and kind."""
