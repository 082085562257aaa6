# SPDX-License-Identifier: Apache-2.0
"""Limits on the connections to an upstream."""

import enum

from lateen.model.duration import Duration
from lateen.model.message import Message
from lateen.model.schema import Int32, Interval, UInt32


class TcpKeepalive(Message, frozen=True, kw_only=True):
    """Keepalive probes of the kernel (SO_KEEPALIVE)."""

    probes: UInt32 = 0
    """Unanswered probes until the connection is dead; the kernel's default (9 on Linux) when 0."""
    time: Interval | None = None
    """Idle time before the first probe; the kernel's default (2h) when left out."""
    interval: Interval | None = None
    """Time between probes; the kernel's default (75s) when left out."""


class TCPSettings(Message, frozen=True, kw_only=True):
    """Settings for TCP and HTTP upstreams."""

    max_connections: Int32 = 0
    """Most connections to a destination; 2^32-1 when 0. Connections to an HTTP/1.1 or TCP upstream."""
    connect_timeout: Interval | None = None
    """Time for a connection to be made, at least 1ms; 10s when left out."""
    tcp_keepalive: TcpKeepalive | None = None
    """Keepalive probes; none when left out."""
    max_connection_duration: Interval | None = None
    """Longest life of a connection, at least 1ms; no limit when left out."""
    idle_timeout: Duration | None = None
    """Time without a byte after which a TCP connection is closed; 1h when left out, never when 0s."""


class H2UpgradePolicy(enum.Enum):
    """Whether HTTP/1.1 is sent as HTTP/2."""

    DEFAULT = "DEFAULT"
    """As the mesh says."""
    DO_NOT_UPGRADE = "DO_NOT_UPGRADE"
    """Never."""
    UPGRADE = "UPGRADE"
    """Always."""


class HTTP2KeepAlive(Message, frozen=True, kw_only=True):
    """PING frames on HTTP/2 connections."""

    interval: Interval | None = None
    """Time between PINGs."""
    timeout: Interval | None = None
    """Time for the answer before the connection is closed."""


class HTTPSettings(Message, frozen=True, kw_only=True):
    """Settings for HTTP upstreams."""

    http1_max_pending_requests: Int32 = 0
    """Most requests that wait for a connection; 2^32-1 when 0."""
    http2_max_requests: Int32 = 0
    """Most active requests to a destination, HTTP/1.1 as well; 2^32-1 when 0."""
    max_requests_per_connection: Int32 = 0
    """Requests after which a connection is closed; no limit when 0, no keep-alive when 1."""
    max_retries: Int32 = 0
    """Most retries under way to all endpoints of a destination; 2^32-1 when 0."""
    idle_timeout: Interval | None = None
    """Time without requests after which a connection is closed; 1h when left out, never when 0s."""
    h2_upgrade_policy: H2UpgradePolicy = H2UpgradePolicy.DEFAULT
    """Whether HTTP/1.1 is sent as HTTP/2."""
    use_client_protocol: bool = False
    """Whether the upstream gets the protocol that the client spoke; the upgrade policy is then ignored."""
    max_concurrent_streams: Int32 = 0
    """Most streams on one HTTP/2 connection; 2^31-1 when 0."""
    http2_keep_alive: HTTP2KeepAlive | None = None
    """PING frames; none when left out."""


class ConnectionPoolSettings(Message, frozen=True, kw_only=True):
    """Limits on the connections to an upstream."""

    tcp: TCPSettings | None = None
    """Settings for TCP and HTTP upstreams."""
    http: HTTPSettings | None = None
    """Settings for HTTP upstreams."""
