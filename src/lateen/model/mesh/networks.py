# SPDX-License-Identifier: Apache-2.0
"""MeshNetworks: which endpoints are in which network, and the gateways between them (mesh.v1alpha1)."""

from typing import ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.schema import UInt32


class NetworkEndpoints(Message, frozen=True, kw_only=True):
    """Endpoints of a network."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("from_cidr", "from_registry"),)

    from_cidr: str | None = None
    """Those with addresses of this range."""
    from_registry: str | None = None
    """Those of this cluster."""


class NetworkGateway(Message, frozen=True, kw_only=True):
    """A gateway into a network."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("registry_service_name", "address"),)

    registry_service_name: str | None = None
    """Its service, by fully qualified name."""
    address: str | None = None
    """Its address or name."""
    port: UInt32 = 0
    """Its port."""
    locality: str = ""
    """Where it is, as region/zone/subzone."""


class Network(Message, frozen=True, kw_only=True):
    """A network."""

    endpoints: tuple[NetworkEndpoints, ...] = ()
    """What is in it."""
    gateways: tuple[NetworkGateway, ...] = ()
    """How it is entered."""


class MeshNetworks(Message, frozen=True, kw_only=True):
    """The networks of a mesh, by name."""

    networks: dict[str, Network] = msgspec.field(default_factory=FrozenMap)
    """Networks by name."""
