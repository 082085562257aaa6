# SPDX-License-Identifier: Apache-2.0
"""VirtualService: how requests to a host are routed (networking.istio.io)."""

from typing import ClassVar

from lateen.model.message import Message
from lateen.model.networking.http_route import HTTPRoute
from lateen.model.networking.l4_route import TCPRoute, TLSRoute
from lateen.model.resource import Column, Resource, ResourceType


class VirtualServiceSpec(Message, frozen=True, kw_only=True):
    """Routes for the traffic to one or several hosts."""

    hosts: tuple[str, ...] = ()
    """Names that clients call: service names (short ones in this namespace), DNS names with an optional leading
    wildcard, or IP addresses. None for a delegate."""
    gateways: tuple[str, ...] = ()
    """Gateways, as `namespace/name` or a name in this namespace, and `mesh` for the sidecars. `mesh` when empty."""
    http: tuple[HTTPRoute, ...] = ()
    """Routes for HTTP traffic; the first that applies wins."""
    tls: tuple[TLSRoute, ...] = ()
    """Routes for TLS and HTTPS traffic that is not terminated."""
    tcp: tuple[TCPRoute, ...] = ()
    """Routes for all other traffic."""
    export_to: tuple[str, ...] = ()
    """Namespaces that see it: `.` for its own, `*` for all, or names. The default of the mesh when empty."""


class VirtualService(Resource, frozen=True, kw_only=True):
    """How requests to a host are routed."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="networking.istio.io",
        kind="VirtualService",
        plural="virtualservices",
        versions=("v1", "v1beta1", "v1alpha3"),
        short_names=("vs",),
        categories=("istio-io", "networking-istio-io"),
        columns=(
            Column("Gateways", ".spec.gateways", description="Gateways and sidecars that apply these routes"),
            Column("Hosts", ".spec.hosts", description="Names that clients call"),
            Column("Age", ".metadata.creationTimestamp", "date", "Time since creation"),
        ),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: VirtualServiceSpec = VirtualServiceSpec()
