# SPDX-License-Identifier: Apache-2.0
"""EnvoyFilter: changes to the generated Envoy configuration itself (networking.istio.io)."""

import enum
from typing import Annotated, ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.resource import Resource, ResourceType
from lateen.model.schema import JSON, Int32, Items, PortNumber, Rule, UInt32, at_most_one
from lateen.model.selector import LabelSelector, PolicyTargetReference


class ApplyTo(enum.Enum):
    """The kind of thing that is changed."""

    INVALID = "INVALID"
    LISTENER = "LISTENER"
    FILTER_CHAIN = "FILTER_CHAIN"
    NETWORK_FILTER = "NETWORK_FILTER"
    HTTP_FILTER = "HTTP_FILTER"
    ROUTE_CONFIGURATION = "ROUTE_CONFIGURATION"
    VIRTUAL_HOST = "VIRTUAL_HOST"
    HTTP_ROUTE = "HTTP_ROUTE"
    CLUSTER = "CLUSTER"
    EXTENSION_CONFIG = "EXTENSION_CONFIG"
    BOOTSTRAP = "BOOTSTRAP"
    LISTENER_FILTER = "LISTENER_FILTER"


class PatchContext(enum.Enum):
    """Where in the mesh the change applies."""

    ANY = "ANY"
    """Everywhere."""
    SIDECAR_INBOUND = "SIDECAR_INBOUND"
    """Incoming traffic of sidecars."""
    SIDECAR_OUTBOUND = "SIDECAR_OUTBOUND"
    """Outgoing traffic of sidecars."""
    GATEWAY = "GATEWAY"
    """Gateways."""
    WAYPOINT = "WAYPOINT"
    """Waypoints."""


class PatchOperation(enum.Enum):
    """What is done."""

    INVALID = "INVALID"
    MERGE = "MERGE"
    """Merge the value into what matches."""
    ADD = "ADD"
    """Add the value to the end."""
    REMOVE = "REMOVE"
    """Remove what matches."""
    INSERT_BEFORE = "INSERT_BEFORE"
    """Insert the value before what matches."""
    INSERT_AFTER = "INSERT_AFTER"
    """Insert the value after what matches."""
    INSERT_FIRST = "INSERT_FIRST"
    """Insert the value first."""
    REPLACE = "REPLACE"
    """Put the value in place of what matches."""
    MERGE_AND_REPLACE_LIST = "MERGE_AND_REPLACE_LIST"
    """Merge, with lists replaced as a whole."""


class FilterClass(enum.Enum):
    """Where in the chain a filter is inserted."""

    UNSPECIFIED = "UNSPECIFIED"
    """Where the match says."""
    AUTHN = "AUTHN"
    """After Istio's authentication filters."""
    AUTHZ = "AUTHZ"
    """After Istio's authorization filters."""
    STATS = "STATS"
    """Before Istio's statistics filters."""


class RouteAction(enum.Enum):
    """What a route does."""

    ANY = "ANY"
    ROUTE = "ROUTE"
    REDIRECT = "REDIRECT"
    DIRECT_RESPONSE = "DIRECT_RESPONSE"


class ProxyMatch(Message, frozen=True, kw_only=True):
    """Conditions on the proxy."""

    proxy_version: str = ""
    """RE2 expression for the version that the proxy reports."""
    metadata: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Node metadata that must agree."""


class ClusterMatch(Message, frozen=True, kw_only=True):
    """Conditions on a cluster; all of those given must hold."""

    port_number: UInt32 = 0
    """Port of the service; for inbound clusters the port of the workload."""
    service: str = ""
    """Fully qualified host."""
    subset: str = ""
    """Subset."""
    name: str = ""
    """Name of the cluster."""


class RouteMatch(Message, frozen=True, kw_only=True):
    """Conditions on a route."""

    name: str = ""
    """Name of the route: that of the VirtualService's rule, or `default`."""
    action: RouteAction = RouteAction.ANY
    """What the route does."""


class VirtualHostMatch(Message, frozen=True, kw_only=True):
    """Conditions on a virtual host."""

    name: str = ""
    """Name, as host:port."""
    domain_name: str = ""
    """A domain that it must have."""
    route: RouteMatch | None = None
    """Conditions on a route of it."""


class RouteConfigurationMatch(Message, frozen=True, kw_only=True):
    """Conditions on a route table."""

    port_number: UInt32 = 0
    """Port of the gateway's server or of the service."""
    port_name: str = ""
    """Name of the gateway's port."""
    gateway: str = ""
    """Gateway as namespace/name."""
    vhost: VirtualHostMatch | None = None
    """Conditions on a virtual host of it."""
    name: str = ""
    """Name of the table."""


class SubFilterMatch(Message, frozen=True, kw_only=True):
    """Conditions on an HTTP filter."""

    name: str = ""
    """Name of the filter."""


class FilterMatch(Message, frozen=True, kw_only=True):
    """Conditions on a network filter."""

    name: str = ""
    """Name of the filter."""
    sub_filter: SubFilterMatch | None = None
    """Conditions on an HTTP filter inside of it."""


class FilterChainMatch(Message, frozen=True, kw_only=True):
    """Conditions on a filter chain."""

    name: str = ""
    """Name of the chain."""
    sni: str = ""
    """A server name of its match."""
    transport_protocol: str = ""
    """raw_buffer or tls."""
    transport_socket: str = ""
    """Name of its transport socket."""
    application_protocols: str = ""
    """Protocols of its match, separated by commas."""
    filter: FilterMatch | None = None
    """Conditions on a filter of it."""
    destination_port: UInt32 = 0
    """Port of its match."""


class ListenerMatch(Message, frozen=True, kw_only=True):
    """Conditions on a listener."""

    port_number: UInt32 = 0
    """Port of the service or server."""
    port_name: str = ""
    """Accepted and without effect, as in Istio."""
    filter_chain: FilterChainMatch | None = None
    """Conditions on a chain of it."""
    listener_filter: str = ""
    """Name of a listener filter of it."""
    name: str = ""
    """Name of the listener."""


class WaypointFilterMatch(Message, frozen=True, kw_only=True):
    """Conditions on a filter of a waypoint."""

    name: str = ""
    """Name of the network filter."""
    sub_filter: SubFilterMatch | None = None
    """Conditions on an HTTP filter inside of it."""


class WaypointRouteMatch(Message, frozen=True, kw_only=True):
    """Conditions on a route of a waypoint."""

    name: str = ""
    """Name of the route."""


class WaypointMatch(Message, frozen=True, kw_only=True):
    """Conditions on a waypoint's configuration."""

    port_number: PortNumber = 0
    """Port of the service."""
    filter: WaypointFilterMatch | None = None
    """Conditions on a filter."""
    route: WaypointRouteMatch | None = None
    """Conditions on a route."""


class EnvoyConfigObjectMatch(Message, frozen=True, kw_only=True):
    """Conditions on what is changed."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("listener", "route_configuration", "cluster", "waypoint"),)
    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "only support waypointMatch when context is WAYPOINT",
            'has(self.context) ? ((self.context == "WAYPOINT") ? has(self.waypoint) : !has(self.waypoint)) '
            ": !has(self.waypoint)",
            lambda match: (match.get("context") is PatchContext.WAYPOINT) == ("waypoint" in match),
        ),
    )

    context: PatchContext = PatchContext.ANY
    """Where in the mesh."""
    proxy: ProxyMatch | None = None
    """Conditions on the proxy."""
    listener: ListenerMatch | None = None
    """Conditions on a listener."""
    route_configuration: RouteConfigurationMatch | None = None
    """Conditions on a route table."""
    cluster: ClusterMatch | None = None
    """Conditions on a cluster."""
    waypoint: WaypointMatch | None = None
    """Conditions on a waypoint."""


class Patch(Message, frozen=True, kw_only=True):
    """What is done to it."""

    operation: PatchOperation = PatchOperation.INVALID
    """The operation."""
    value: JSON | None = None
    """Envoy configuration as JSON."""
    filter_class: FilterClass = FilterClass.UNSPECIFIED
    """Where a filter is inserted."""


class EnvoyConfigObjectPatch(Message, frozen=True, kw_only=True):
    """One change."""

    apply_to: ApplyTo = ApplyTo.INVALID
    """The kind of thing that is changed."""
    match: EnvoyConfigObjectMatch | None = None
    """Which ones; all when left out."""
    patch: Patch | None = None
    """The change."""


class EnvoyFilterSpec(Message, frozen=True, kw_only=True):
    """Changes to the generated Envoy configuration."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        at_most_one(
            "only one of targetRefs or workloadSelector can be set",
            workload_selector="workloadSelector",
            target_refs="targetRefs",
        ),
    )

    workload_selector: LabelSelector | None = None
    """Workloads of this namespace; all of them, or of the mesh when in the root namespace, when left out."""
    target_refs: Annotated[tuple[PolicyTargetReference, ...], Items(maximum=16)] = ()
    """Gateways and services it is attached to, in place of a selector."""
    config_patches: tuple[EnvoyConfigObjectPatch, ...] = ()
    """Changes, in order."""
    priority: Int32 = 0
    """Order among EnvoyFilters: lower ones first."""


class EnvoyFilter(Resource, frozen=True, kw_only=True):
    """Changes to the generated Envoy configuration itself."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="networking.istio.io",
        kind="EnvoyFilter",
        plural="envoyfilters",
        versions=("v1alpha3",),
        categories=("istio-io", "networking-istio-io"),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: EnvoyFilterSpec = EnvoyFilterSpec()
