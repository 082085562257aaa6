# SPDX-License-Identifier: Apache-2.0
"""How a client picks an endpoint: algorithms, hashing, locality, warm-up."""

import enum
from typing import Annotated, ClassVar

import msgspec

from lateen.model.duration import Duration
from lateen.model.message import FrozenMap, Message
from lateen.model.schema import REQUIRED, Interval, Number, UInt32, UInt64


class SimpleLB(enum.Enum):
    """Algorithms that need no settings."""

    UNSPECIFIED = "UNSPECIFIED"
    """Istio's default, LEAST_REQUEST."""
    LEAST_CONN = "LEAST_CONN"
    """The old name of LEAST_REQUEST."""
    RANDOM = "RANDOM"
    """A random healthy endpoint."""
    PASSTHROUGH = "PASSTHROUGH"
    """The address that the client asked for, without balancing."""
    ROUND_ROBIN = "ROUND_ROBIN"
    """Each endpoint in turn."""
    LEAST_REQUEST = "LEAST_REQUEST"
    """The less busy of two random endpoints."""


class HTTPCookieAttribute(Message, frozen=True, kw_only=True):
    """An additional attribute of a cookie, such as SameSite."""

    name: Annotated[str, REQUIRED] = ""
    """Name of the attribute."""
    value: str = ""
    """Value of the attribute; none when empty."""


class HTTPCookie(Message, frozen=True, kw_only=True):
    """A cookie to hash, made by the proxy where the request has none and `ttl` is given."""

    name: Annotated[str, REQUIRED] = ""
    """Name of the cookie."""
    path: str = ""
    """Path of the cookie."""
    ttl: Duration | None = None
    """Lifetime of the cookie; 0s makes a session cookie."""
    attributes: tuple[HTTPCookieAttribute, ...] = ()
    """Additional attributes of the cookie."""


class RingHash(Message, frozen=True, kw_only=True):
    """Consistent hashing on a ring."""

    minimum_ring_size: UInt64 = 0
    """Least number of points on the ring; 1024 when 0."""


class MagLev(Message, frozen=True, kw_only=True):
    """Consistent hashing by Maglev's table: quicker and more even, with more moves when endpoints change."""

    table_size: UInt64 = 0
    """Size of the table, a prime below 5000012; 65537 when 0."""


class ConsistentHashLB(Message, frozen=True, kw_only=True):
    """Requests with the same hash go to the same endpoint as long as the endpoints stay."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("http_header_name", "http_cookie", "use_source_ip", "http_query_parameter_name"),
        ("ring_hash", "maglev"),
    )

    http_header_name: str | None = None
    """Hash this header."""
    http_cookie: HTTPCookie | None = None
    """Hash this cookie."""
    use_source_ip: bool | None = None
    """Hash the client's address."""
    http_query_parameter_name: str | None = None
    """Hash this query parameter."""
    minimum_ring_size: UInt64 = 0
    """Least number of points on the ring. Replaced by `ringHash.minimumRingSize`."""
    ring_hash: RingHash | None = None
    """Use a ring, which is the default."""
    maglev: MagLev | None = None
    """Use Maglev's table."""


class LocalityDistribute(Message, frozen=True, kw_only=True):
    """Shares of the traffic of one locality."""

    from_: str = msgspec.field(default="", name="from")
    """Locality of the client, region/zone/subzone, with `*` at the end for any."""
    to: dict[str, UInt32] = msgspec.field(default_factory=FrozenMap)
    """Percent by destination locality; the sum is 100. Localities left out get nothing."""


class LocalityFailover(Message, frozen=True, kw_only=True):
    """The region that takes over."""

    from_: str = msgspec.field(default="", name="from")
    """Region of the client."""
    to: str = ""
    """Region that serves it when none of its own endpoints is healthy."""


class LocalityLoadBalancerSetting(Message, frozen=True, kw_only=True):
    """How traffic prefers near endpoints. `distribute`, `failover` and `failoverPriority` exclude each other, but for
    the last two, which go together when `failover` is for topology keys."""

    distribute: tuple[LocalityDistribute, ...] = ()
    """Shares by locality of the client."""
    failover: tuple[LocalityFailover, ...] = ()
    """Which region takes over from which; needs outlier detection."""
    failover_priority: tuple[str, ...] = ()
    """Labels, best first: endpoints that share all of the first N labels with the client come before those that share
    fewer; `label=value` replaces the client's value. Needs outlier detection."""
    enabled: bool | None = None
    """Whether locality counts for this destination; the setting of the mesh when left out."""


class ZoneAwareLoadBalancerSetting(Message, frozen=True, kw_only=True):
    """Zone-aware routing: keep traffic in the zone as far as zones of client and server are balanced."""

    enabled: bool | None = None
    """Whether it is on; on when left out."""
    min_cluster_size: Annotated[int, Number("uint32", 1, 4294967295)] | None = None
    """Least number of endpoints for it to act; 6 when left out."""
    failover: tuple[LocalityFailover, ...] = ()
    """Which region takes over from which; needs outlier detection."""
    failover_priority: tuple[str, ...] = ()
    """Labels by which endpoints are ranked, best first."""


class BackendUtilization(Message, frozen=True, kw_only=True):
    """Weights from the load that endpoints report themselves (ORCA)."""

    weight_expiration_period: Duration | None = None
    """How long a report counts; 3m when left out."""
    weight_stabilization_period: Duration | None = None
    """How long reports of a new endpoint are waited for before its weight counts; 10s when left out."""
    weight_update_period: Duration | None = None
    """How often weights are worked out; 1s when left out."""
    error_utilization_penalty_percent: UInt32 = 0
    """Weight of errors against utilization, in percent: 100 means that an error rate of 10% adds 10% utilization."""
    metric_names_for_computing_utilization: tuple[str, ...] = ()
    """Reported metrics to use where application utilization is absent."""


class WarmupConfiguration(Message, frozen=True, kw_only=True):
    """New endpoints get their share of traffic gradually. For ROUND_ROBIN and LEAST_REQUEST."""

    duration: Annotated[Interval | None, REQUIRED] = None
    """How long an endpoint counts as new."""
    minimum_percent: Annotated[float, Number("double", 0, 100)] | None = None
    """Share, in percent, to begin with; 10 when left out."""
    aggression: Annotated[float, Number("double", 0)] | None = None
    """Exponent of the growth, at least 1; 1, linear, when left out."""


class LoadBalancerSettings(Message, frozen=True, kw_only=True):
    """How a client picks an endpoint."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("simple", "consistent_hash", "backend_utilization"),)

    simple: SimpleLB | None = None
    """An algorithm without settings."""
    consistent_hash: ConsistentHashLB | None = None
    """The same endpoint for the same hash."""
    backend_utilization: BackendUtilization | None = None
    """Weights from reported load."""
    locality_lb_setting: LocalityLoadBalancerSetting | None = None
    """Preference of near endpoints, in place of the mesh's setting as a whole."""
    zone_aware_lb_setting: ZoneAwareLoadBalancerSetting | None = None
    """Zone-aware routing."""
    warmup_duration_secs: Interval | None = None
    """How long an endpoint counts as new. Replaced by `warmup`."""
    warmup: WarmupConfiguration | None = None
    """Gradual start of new endpoints."""
