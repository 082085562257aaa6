# SPDX-License-Identifier: Apache-2.0
"""Gateway: what the proxies at the edge of the mesh listen for (networking.istio.io)."""

from typing import Annotated, ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.networking.server_tls import ServerTLSSettings
from lateen.model.resource import Resource, ResourceType
from lateen.model.schema import REQUIRED, UInt32


class GatewayPort(Message, frozen=True, kw_only=True):
    """A port that a gateway listens on."""

    number: Annotated[UInt32, REQUIRED] = 0
    """Port number."""
    protocol: Annotated[str, REQUIRED] = ""
    """HTTP, HTTPS, GRPC, GRPC-WEB, HTTP2, MONGO, TCP or TLS."""
    name: Annotated[str, REQUIRED] = ""
    """Name of the port, unique in the Gateway for HTTPS."""
    target_port: UInt32 = 0
    """Accepted and without effect, as in Istio."""


class Server(Message, frozen=True, kw_only=True):
    """One port with the hosts that are exposed on it."""

    port: Annotated[GatewayPort | None, REQUIRED] = None
    """The port."""
    bind: str = ""
    """Address or Unix socket to listen on, in place of all addresses."""
    hosts: Annotated[tuple[str, ...], REQUIRED] = ()
    """DNS names with an optional leading wildcard, after an optional `namespace/`: only VirtualServices of that
    namespace count then; `*` any, `.` the Gateway's own."""
    tls: ServerTLSSettings | None = None
    """TLS towards clients; required for HTTPS and TLS."""
    default_endpoint: str = ""
    """Accepted and without effect, as in Istio."""
    name: str = ""
    """Name of the server, unique in the Gateway."""


class GatewaySpec(Message, frozen=True, kw_only=True):
    """Servers, and the proxies that run them."""

    servers: tuple[Server, ...] = ()
    """Ports and hosts."""
    selector: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Labels of the pods that run the proxies; in any namespace by default."""


class Gateway(Resource, frozen=True, kw_only=True):
    """What the proxies at the edge of the mesh listen for."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="networking.istio.io",
        kind="Gateway",
        plural="gateways",
        versions=("v1", "v1beta1", "v1alpha3"),
        short_names=("gw",),
        categories=("istio-io", "networking-istio-io"),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: GatewaySpec = GatewaySpec()
