# SPDX-License-Identifier: Apache-2.0
"""The HTTP routes of a VirtualService."""

import builtins
import enum
from typing import Annotated, ClassVar

from lateen.model.message import Message
from lateen.model.networking.destination import Destination, Headers, HTTPRouteDestination
from lateen.model.networking.http_match import HTTPMatchRequest
from lateen.model.networking.http_policy import CorsPolicy, HTTPFaultInjection, HTTPMirrorPolicy, HTTPRetry, Percent
from lateen.model.schema import REQUIRED, Interval, UInt32


class RedirectPortSelection(enum.Enum):
    """The port of a redirect where it is not given as a number."""

    FROM_PROTOCOL_DEFAULT = "FROM_PROTOCOL_DEFAULT"
    """80 for http, 443 for https."""
    FROM_REQUEST_PORT = "FROM_REQUEST_PORT"
    """The port that the client used."""


class HTTPRedirect(Message, frozen=True, kw_only=True):
    """Requests are answered with a redirect."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("port", "derive_port"),)

    uri: str = ""
    """New path and query; `%PREFIX()%` and `%REGEX()%` keep the unmatched rest. The old one when empty."""
    authority: str = ""
    """New host; the old one when empty."""
    port: UInt32 | None = None
    """New port."""
    derive_port: RedirectPortSelection | None = None
    """Where the new port comes from."""
    scheme: str = ""
    """New scheme, http or https; the old one when empty."""
    redirect_code: UInt32 = 0
    """HTTP status, one of 301, 302, 303, 307, 308; 301 when 0."""
    prefix_rewrite: str = ""
    """What replaces the matched prefix of the path, the rest kept."""


class RegexRewrite(Message, frozen=True, kw_only=True):
    """A rewrite of the path by a regular expression."""

    match: str = ""
    """An RE2 expression; every match in the path is replaced."""
    rewrite: str = ""
    """The replacement, with \\1 … \\9 for the groups."""


class HTTPRewrite(Message, frozen=True, kw_only=True):
    """Requests are changed before they are forwarded."""

    uri: str = ""
    """What replaces the matched prefix, or the whole path of an exact match."""
    authority: str = ""
    """New Host or :authority header."""
    uri_regex_rewrite: RegexRewrite | None = None
    """A rewrite of the path by a regular expression, in place of `uri`."""


class HTTPBody(Message, frozen=True, kw_only=True):
    """The body of a direct response, at most 1MB; keep it below 100kB."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("string", "bytes"),)

    string: str | None = None
    """The body as text."""
    bytes: builtins.bytes | None = None
    """The body as base64."""


class HTTPDirectResponse(Message, frozen=True, kw_only=True):
    """Requests are answered by the proxy itself."""

    status: Annotated[UInt32, REQUIRED] = 0
    """HTTP status."""
    body: HTTPBody | None = None
    """Body of the answer; none when left out."""


class Delegate(Message, frozen=True, kw_only=True):
    """Another VirtualService, without hosts, that supplies the routes."""

    name: str = ""
    """Name of the delegate."""
    namespace: str = ""
    """Its namespace; that of the delegating VirtualService when empty."""


class HTTPRoute(Message, frozen=True, kw_only=True):
    """A route of HTTP requests: when it applies, and what becomes of the requests. The first that applies wins."""

    SNAKE_CASE_TOO: ClassVar[tuple[str, ...]] = ("mirror_percent",)

    name: str = ""
    """Name of the route; appears with the match's name in access logs."""
    match: tuple[HTTPMatchRequest, ...] = ()
    """Conditions of which one must hold; every request when empty."""
    route: tuple[HTTPRouteDestination, ...] = ()
    """Destinations by weight. Exclusive with redirect, direct_response and delegate."""
    redirect: HTTPRedirect | None = None
    """Answer with a redirect."""
    direct_response: HTTPDirectResponse | None = None
    """Answer from the proxy."""
    delegate: Delegate | None = None
    """Take the routes from another VirtualService."""
    rewrite: HTTPRewrite | None = None
    """Changes to path and authority before forwarding."""
    timeout: Interval | None = None
    """Time for the whole request; none when left out."""
    retries: HTTPRetry | None = None
    """Retry policy; the default of the mesh when left out."""
    fault: HTTPFaultInjection | None = None
    """Faults on purpose, on the client's side."""
    mirror: Destination | None = None
    """A destination that gets copies. Replaced by `mirrors`."""
    mirrors: tuple[HTTPMirrorPolicy, ...] = ()
    """Destinations that get copies."""
    mirror_percent: UInt32 | None = None
    """Whole percent of the requests that `mirror` gets. Replaced by `mirrorPercentage`."""
    mirror_percentage: Percent | None = None
    """Share of the requests that `mirror` gets; all of them when left out."""
    cors_policy: CorsPolicy | None = None
    """Cross-origin rules."""
    headers: Headers | None = None
    """Header changes for every destination of the route."""
