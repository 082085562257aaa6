# SPDX-License-Identifier: Apache-2.0
"""Where a route sends its requests, and the header changes on the way."""

from typing import Annotated

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.networking.port import PortSelector
from lateen.model.schema import REQUIRED, Int32


class Destination(Message, frozen=True, kw_only=True):
    """A service, or a subset of it, on one of its ports."""

    host: Annotated[str, REQUIRED] = ""
    """Service name. A short name is completed with the namespace of the rule that names it, not of the client."""
    subset: str = ""
    """Subset declared in a DestinationRule of the host; empty for all endpoints."""
    port: PortSelector | None = None
    """Port of the service; may be left out where the service has only one."""


class HeaderOperations(Message, frozen=True, kw_only=True):
    """Changes to a set of headers: `set` first, then `add`, then `remove`."""

    set: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Headers to overwrite."""
    add: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Values to append to headers, separated by a comma."""
    remove: tuple[str, ...] = ()
    """Names of headers to take out."""


class Headers(Message, frozen=True, kw_only=True):
    """Header changes before a request is forwarded and before its response is returned."""

    request: HeaderOperations | None = None
    """Changes to the request before it goes to the destination."""
    response: HeaderOperations | None = None
    """Changes to the response before it goes back to the caller."""


class HTTPRouteDestination(Message, frozen=True, kw_only=True):
    """One destination of an HTTP route with its share of the requests."""

    destination: Annotated[Destination | None, REQUIRED] = None
    """Where the requests go."""
    weight: Int32 = 0
    """Share of the requests relative to the sum of the weights of the route. A single destination needs none; among
    several, 0 means none of the requests."""
    headers: Headers | None = None
    """Header changes for this destination only, after those of the route."""


class RouteDestination(Message, frozen=True, kw_only=True):
    """One destination of a TCP or TLS route with its share of the connections."""

    destination: Annotated[Destination | None, REQUIRED] = None
    """Where the connections go."""
    weight: Int32 = 0
    """Share of the connections relative to the sum of the weights of the route. A single destination needs none."""
