# SPDX-License-Identifier: Apache-2.0
"""The policies that a DestinationRule states for a host, a subset or a port."""

import enum
from typing import Annotated

from lateen.model.duration import Duration
from lateen.model.message import Message
from lateen.model.networking.client_tls import ClientTLSSettings
from lateen.model.networking.connection_pool import ConnectionPoolSettings
from lateen.model.networking.load_balancer import LoadBalancerSettings
from lateen.model.networking.outlier_detection import OutlierDetection
from lateen.model.networking.port import PortSelector
from lateen.model.schema import REQUIRED, Items, Number, UInt32


class ProxyProtocolVersion(enum.Enum):
    """Version of the PROXY protocol."""

    V1 = "V1"
    """The text form."""
    V2 = "V2"
    """The binary form."""


class ProxyProtocol(Message, frozen=True, kw_only=True):
    """The client's address is sent ahead of the connection (PROXY protocol)."""

    version: ProxyProtocolVersion = ProxyProtocolVersion.V1
    """Version of the protocol."""


class TunnelSettings(Message, frozen=True, kw_only=True):
    """TCP is sent through an HTTP proxy, in a tunnel."""

    protocol: str = ""
    """CONNECT, which is the default, or POST."""
    target_host: Annotated[str, REQUIRED] = ""
    """Host that the proxy is to connect to: a DNS name or IP address."""
    target_port: Annotated[UInt32, REQUIRED] = 0
    """Port that the proxy is to connect to."""


class RetryBudget(Message, frozen=True, kw_only=True):
    """A limit on retries that grows with the traffic, in place of `maxRetries`."""

    percent: Annotated[float, Number("double", 0, 100)] | None = None
    """Retries under way, in percent of active requests; 20 when left out."""
    min_retry_concurrency: UInt32 = 0
    """Retries under way that are always allowed; 3 when 0."""
    budget_interval: Duration | None = None
    """How long requests count towards the budget."""


class PortTrafficPolicy(Message, frozen=True, kw_only=True):
    """Policies for one port. They replace those of the host as a whole."""

    port: PortSelector | None = None
    """The port of the host."""
    load_balancer: LoadBalancerSettings | None = None
    """How an endpoint is picked."""
    connection_pool: ConnectionPoolSettings | None = None
    """Limits on connections."""
    outlier_detection: OutlierDetection | None = None
    """When endpoints are ejected."""
    tls: ClientTLSSettings | None = None
    """TLS towards the upstream."""


class TrafficPolicy(Message, frozen=True, kw_only=True):
    """Policies for all ports of a host or subset."""

    load_balancer: LoadBalancerSettings | None = None
    """How an endpoint is picked."""
    connection_pool: ConnectionPoolSettings | None = None
    """Limits on connections."""
    outlier_detection: OutlierDetection | None = None
    """When endpoints are ejected."""
    tls: ClientTLSSettings | None = None
    """TLS towards the upstream."""
    port_level_settings: Annotated[tuple[PortTrafficPolicy, ...], Items(maximum=4096)] = ()
    """Policies of single ports; what they leave out has its default, it is not inherited."""
    tunnel: TunnelSettings | None = None
    """TCP through an HTTP proxy."""
    proxy_protocol: ProxyProtocol | None = None
    """The client's address ahead of the connection."""
    retry_budget: RetryBudget | None = None
    """A limit on retries that grows with the traffic."""
