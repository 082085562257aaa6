# SPDX-License-Identifier: Apache-2.0
"""EndpointSlice (discovery.k8s.io/v1): some of the endpoints of a service."""

from typing import ClassVar

import msgspec

from lateen.model.core.object_reference import ObjectReference
from lateen.model.message import FrozenMap, Message
from lateen.model.resource import Resource, ResourceType
from lateen.model.schema import Int32

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
"""The label of a slice that names its service."""


class EndpointConditions(Message, frozen=True, kw_only=True):
    """The state of an endpoint. What is left out is unknown, which counts as ready and serving."""

    OPEN: ClassVar[bool] = True

    ready: bool | None = None
    serving: bool | None = None
    """As `ready`, and still true while terminating as long as requests are answered."""
    terminating: bool | None = None


class ForZone(Message, frozen=True, kw_only=True):
    """A zone that an endpoint is meant for."""

    OPEN: ClassVar[bool] = True

    name: str = ""


class EndpointHints(Message, frozen=True, kw_only=True):
    """Who an endpoint is meant for."""

    OPEN: ClassVar[bool] = True

    for_zones: tuple[ForZone, ...] = ()
    for_nodes: tuple[ForZone, ...] = ()


class Endpoint(Message, frozen=True, kw_only=True):
    """One endpoint."""

    OPEN: ClassVar[bool] = True

    addresses: tuple[str, ...] = ()
    """Addresses of the slice's type; only the first counts."""
    conditions: EndpointConditions = EndpointConditions()
    hostname: str = ""
    target_ref: ObjectReference | None = None
    """The pod behind it."""
    node_name: str = ""
    zone: str = ""
    hints: EndpointHints | None = None
    deprecated_topology: dict[str, str] = msgspec.field(default_factory=FrozenMap)


class EndpointPort(Message, frozen=True, kw_only=True):
    """A port of all endpoints of a slice."""

    OPEN: ClassVar[bool] = True

    name: str = ""
    """Name of the service's port."""
    port: Int32 | None = None
    protocol: str = "TCP"
    app_protocol: str = ""


class EndpointSlice(Resource, frozen=True, kw_only=True):
    """Some of the endpoints of the service that the label kubernetes.io/service-name names."""

    OPEN: ClassVar[bool] = True
    TYPE: ClassVar[ResourceType] = ResourceType(
        group="discovery.k8s.io", kind="EndpointSlice", plural="endpointslices", versions=("v1", "v1beta1")
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    address_type: str = ""
    """IPv4, IPv6 or FQDN."""
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()
