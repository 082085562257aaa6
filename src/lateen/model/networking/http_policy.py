# SPDX-License-Identifier: Apache-2.0
"""What happens to the requests of an HTTP route besides routing: faults, retries, mirrors, cross-origin rules."""

import enum
from typing import Annotated, ClassVar

from lateen.model.message import Message
from lateen.model.networking.destination import Destination
from lateen.model.networking.http_match import StringMatch
from lateen.model.schema import REQUIRED, Double, Int32, Interval


class Percent(Message, frozen=True, kw_only=True):
    """A percentage from 0 to 100; 0.1 is one request in a thousand."""

    value: Double = 0.0
    """Percent."""


class Delay(Message, frozen=True, kw_only=True):
    """Requests are held back before they are forwarded."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("fixed_delay", "exponential_delay"),)

    percent: Int32 = 0
    """Whole percent of the requests, 0 to 100. Replaced by `percentage`."""
    fixed_delay: Interval | None = None
    """How long each is held; at least 1ms."""
    exponential_delay: Interval | None = None
    """Accepted and without effect, as in Istio."""
    percentage: Percent | None = None
    """Share of the requests that are held. None are when neither this nor `percent` is given."""


class Abort(Message, frozen=True, kw_only=True):
    """Requests are answered with an error in place of being forwarded."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("http_status", "grpc_status", "http2_error"),)

    http_status: Int32 | None = None
    """HTTP status of the answer."""
    grpc_status: str | None = None
    """gRPC status of the answer by name: UNAVAILABLE."""
    http2_error: str | None = None
    """Accepted and without effect, as in Istio."""
    percentage: Percent | None = None
    """Share of the requests that are aborted; all of them when left out."""


class HTTPFaultInjection(Message, frozen=True, kw_only=True):
    """Faults on purpose. Delays and aborts are drawn independently."""

    delay: Delay | None = None
    """Requests to hold back."""
    abort: Abort | None = None
    """Requests to answer with an error."""


class HTTPRetry(Message, frozen=True, kw_only=True):
    """When and how often a failed request is tried again."""

    attempts: Int32 = 0
    """Retries after the first try; 0 turns retries off. Each waits at least 25ms, growing."""
    per_try_timeout: Interval | None = None
    """Time for each try, the first included; the timeout of the route when left out."""
    retry_on: str = ""
    """Conditions, separated by commas: Envoy's names and HTTP status codes. The default of the mesh when empty."""
    retry_remote_localities: bool | None = None
    """Whether retries may leave the locality; the default is no."""
    retry_ignore_previous_hosts: bool | None = None
    """Whether retries avoid endpoints already tried; the default is yes."""
    backoff: Interval | None = None
    """Wait before the first retry, which grows from there; 25ms when left out."""


class HTTPMirrorPolicy(Message, frozen=True, kw_only=True):
    """A destination that gets copies of requests; its answers are dropped."""

    destination: Annotated[Destination | None, REQUIRED] = None
    """Where the copies go."""
    percentage: Percent | None = None
    """Share of the requests that are copied; all of them when left out."""


class UnmatchedPreflights(enum.Enum):
    """What becomes of a preflight request from an origin that is not allowed."""

    UNSPECIFIED = "UNSPECIFIED"
    """As FORWARD."""
    FORWARD = "FORWARD"
    """It goes to the destination."""
    IGNORE = "IGNORE"
    """It is answered without cross-origin headers."""


class CorsPolicy(Message, frozen=True, kw_only=True):
    """Cross-origin rules of a route (CORS)."""

    allow_origin: tuple[str, ...] = ()
    """Origins allowed, literally or `*`. Replaced by `allowOrigins`."""
    allow_methods: tuple[str, ...] = ()
    """Methods, for Access-Control-Allow-Methods."""
    allow_headers: tuple[str, ...] = ()
    """Request headers, for Access-Control-Allow-Headers."""
    expose_headers: tuple[str, ...] = ()
    """Response headers that scripts may read, for Access-Control-Expose-Headers."""
    max_age: Interval | None = None
    """How long a preflight's answer may be cached, for Access-Control-Max-Age."""
    allow_credentials: bool | None = None
    """Whether requests may carry credentials."""
    allow_origins: tuple[StringMatch, ...] = ()
    """Conditions of which the Origin header must meet one."""
    unmatched_preflights: UnmatchedPreflights = UnmatchedPreflights.UNSPECIFIED
    """What becomes of a preflight request from another origin."""
