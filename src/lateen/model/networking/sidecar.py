# SPDX-License-Identifier: Apache-2.0
"""Sidecar: what a workload's proxy knows and listens for (networking.istio.io)."""

import enum
from typing import Annotated, ClassVar

from lateen.model.message import Message
from lateen.model.networking.connection_pool import ConnectionPoolSettings
from lateen.model.networking.destination import Destination
from lateen.model.networking.server_tls import ServerTLSSettings
from lateen.model.resource import Resource, ResourceType
from lateen.model.schema import REQUIRED, UInt32
from lateen.model.selector import LabelSelector


class CaptureMode(enum.Enum):
    """How traffic gets to a listener."""

    DEFAULT = "DEFAULT"
    """As the environment does it."""
    IPTABLES = "IPTABLES"
    """By redirection."""
    NONE = "NONE"
    """Not: applications talk to the listener themselves."""


class SidecarPort(Message, frozen=True, kw_only=True):
    """A port that a sidecar listens on."""

    number: UInt32 = 0
    """Port number; 0 for a Unix socket."""
    protocol: str = ""
    """HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP or TLS."""
    name: str = ""
    """Name of the port."""
    target_port: UInt32 = 0
    """Accepted and without effect, as in Istio."""


class IstioEgressListener(Message, frozen=True, kw_only=True):
    """A listener for the workload's outgoing traffic."""

    port: SidecarPort | None = None
    """Port of the listener; when left out, the listener covers all ports that no other one names."""
    bind: str = ""
    """Address or `unix://` path to listen on; the services' own addresses, or 127.0.0.1, when empty."""
    capture_mode: CaptureMode = CaptureMode.DEFAULT
    """How traffic gets here; NONE when `bind` is a Unix socket."""
    hosts: Annotated[tuple[str, ...], REQUIRED] = ()
    """Services as `namespace/name`: namespace `*`, `.` or `~` (none), name with an optional leading wildcard."""


class IstioIngressListener(Message, frozen=True, kw_only=True):
    """A listener for the workload's incoming traffic, in place of those that its services imply."""

    port: Annotated[SidecarPort | None, REQUIRED] = None
    """Port of the listener."""
    bind: str = ""
    """Address to listen on; the workload's own when empty."""
    capture_mode: CaptureMode = CaptureMode.DEFAULT
    """How traffic gets here."""
    default_endpoint: str = ""
    """Where it is sent on: 127.0.0.1:PORT, [::1]:PORT, 0.0.0.0:PORT, [::]:PORT (the workload's address) or
    `unix://` path; the same port of the workload when empty."""
    tls: ServerTLSSettings | None = None
    """TLS towards clients, where the mesh's own is off."""
    connection_pool: ConnectionPoolSettings | None = None
    """Limits on connections to the workload on this port."""


class OutboundTrafficPolicyMode(enum.Enum):
    """What becomes of traffic to unknown destinations."""

    REGISTRY_ONLY = "REGISTRY_ONLY"
    """It is refused."""
    ALLOW_ANY = "ALLOW_ANY"
    """It is passed on."""


class SidecarOutboundTrafficPolicy(Message, frozen=True, kw_only=True):
    """What becomes of the workload's traffic to destinations that no service names."""

    mode: OutboundTrafficPolicyMode = OutboundTrafficPolicyMode.REGISTRY_ONLY
    """Refuse it or pass it on."""
    egress_proxy: Destination | None = None
    """A destination that gets all of it, such as an egress gateway; port required."""


class SidecarSpec(Message, frozen=True, kw_only=True):
    """What a workload's proxy knows and listens for."""

    workload_selector: LabelSelector | None = None
    """Workloads of this namespace; all of them, or of the whole mesh when in the root namespace, when left out."""
    ingress: tuple[IstioIngressListener, ...] = ()
    """Listeners for incoming traffic; those that services imply when empty."""
    egress: tuple[IstioEgressListener, ...] = ()
    """Listeners for outgoing traffic and the services they know; all services when empty."""
    inbound_connection_pool: ConnectionPoolSettings | None = None
    """Limits on connections to the workload; in place of those of DestinationRules."""
    outbound_traffic_policy: SidecarOutboundTrafficPolicy | None = None
    """Traffic to unknown destinations; as the mesh says when left out."""


class Sidecar(Resource, frozen=True, kw_only=True):
    """What a workload's proxy knows and listens for."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="networking.istio.io",
        kind="Sidecar",
        plural="sidecars",
        versions=("v1", "v1beta1", "v1alpha3"),
        categories=("istio-io", "networking-istio-io"),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: SidecarSpec = SidecarSpec()
