# SPDX-License-Identifier: Apache-2.0
"""The answer: an immutable tree of everything the proxy decides for one request, in the order in which it decides."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Rejected(Struct, frozen=True):
    """A candidate that was tried and did not match, with the first condition that failed."""

    name: str
    reason: str


class Problem(StrEnum):
    """Why a request does not reach a cluster."""

    NO_LISTENER = "no listener"
    LISTENER_FILTER = "listener filter"
    NO_FILTER_CHAIN = "no filter chain"
    AMBIGUOUS_FILTER_CHAIN = "ambiguous filter chain"
    TLS_EXPECTED = "TLS expected"
    CLIENT_CERTIFICATE = "client certificate"
    PROTOCOL = "protocol"
    BAD_REQUEST = "bad request"
    DENIED = "denied"
    FAULT = "fault"
    NO_ROUTE_TABLE = "no route table"
    NO_VIRTUAL_HOST = "no virtual host"
    NO_ROUTE = "no route"
    NO_CLUSTER = "no cluster"
    NO_ENDPOINT = "no endpoint"
    NOT_UNDERSTOOD = "not understood"


class Failure(Struct, frozen=True):
    """What ends the request. `status` is the HTTP status the client gets (None = the connection is closed)."""

    problem: Problem
    message: str
    status: int | None = None
    flag: str = ""
    """Envoy's response flag (NR, NC, UH ...), where the access log would show one."""


class ListenerFilter(Struct, frozen=True):
    """A listener filter: did it run, and what did it find out."""

    name: str
    found: str
    disabled: bool = False


class Detected(Struct, frozen=True):
    """What is known of a connection when its filter chain is chosen."""

    destination: str
    source: str
    direct_source: str
    transport_protocol: str
    application_protocols: tuple[str, ...]
    server_name: str


class Listener(Struct, frozen=True):
    """A listener that took the connection. A redirected connection has two: where it arrives and where it belongs."""

    name: str
    address: str
    because: str
    filters: tuple[ListenerFilter, ...] = ()
    rejected: tuple[Rejected, ...] = ()


class FilterChain(Struct, frozen=True):
    """The filter chain. `tied` names others with the same match: Envoy refuses such a listener."""

    name: str
    is_default: bool = False
    tied: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()


class DownstreamTls(Struct, frozen=True):
    """The chain's transport socket: what it asks of the client."""

    transport_socket: str
    terminates_tls: bool
    requires_client_certificate: bool = False
    certificates: tuple[str, ...] = ()
    """Names of the SDS secrets, or of the files, of the server certificates."""
    alpn: str = ""
    """The protocol negotiated, if any."""
    certificate_presented: bool = False
    """The client has a certificate and the chain asks for one."""
    certificate_validated: bool = False


class Filter(Struct, frozen=True):
    """A network or HTTP filter in order.

    `type` is its message type, `disabled` says that it is skipped here, `effect` what it does to this request, if that
    is known and anything.
    """

    name: str
    type: str
    disabled: bool = False
    effect: str = ""


class HeaderMutation(Struct, frozen=True):
    """One change of a header. `level`: where it is configured.

    `operation`: append, add if absent, overwrite or add, overwrite if present, remove. `value` has its substitutions
    made if the client's request alone decides them, else it is as configured.
    """

    level: str
    operation: str
    name: str
    value: str = ""


class Share(Struct, frozen=True):
    """A possible cluster and its part of the requests, 0 to 1."""

    cluster: str
    share: float


class Mirror(Struct, frozen=True):
    """A cluster that gets a copy of this part (0 to 1) of the requests."""

    cluster: str
    share: float


class Retry(Struct, frozen=True):
    """The retry policy: `attempts` beside the first, and the conditions `on` which it tries again.

    `per_try_timeout` in seconds, None = only the route's timeout.
    """

    attempts: int
    on: str
    per_try_timeout: float | None = None
    status_codes: tuple[int, ...] = ()


class Forward(Struct, frozen=True, kw_only=True):
    """The request is sent to a cluster, with `path` and `authority` as the upstream sees them.

    `cluster` is empty when the choice among `shares` is left open. Timeouts in seconds, 0 = none. `authority` is None
    when the chosen endpoint's own name is used (`auto_host_rewrite`).
    """

    cluster: str
    specifier: str = "cluster"
    """How the route names its cluster: `cluster`, `cluster_header`, `weighted_clusters`, or a plugin's field."""
    shares: tuple[Share, ...] = ()
    path: str = ""
    authority: str | None = ""
    timeout: float = 15.0
    idle_timeout: float | None = None
    max_stream_duration: float | None = None
    retry: Retry | None = None
    mirrors: tuple[Mirror, ...] = ()
    headers: tuple[HeaderMutation, ...] = ()
    response_headers: tuple[HeaderMutation, ...] = ()
    metadata_match: tuple[tuple[str, str], ...] = ()
    missing_cluster_status: int = 503


class Redirect(Struct, frozen=True):
    """The client is sent elsewhere."""

    status: int
    location: str
    response_headers: tuple[HeaderMutation, ...] = ()


class DirectResponse(Struct, frozen=True):
    """The proxy answers by itself."""

    status: int
    body: str = ""
    response_headers: tuple[HeaderMutation, ...] = ()
    location: str = ""


class NonForwarding(Struct, frozen=True):
    """The route forwards nothing; a filter is expected to answer."""


Action = Forward | Redirect | DirectResponse | NonForwarding


class RouteTable(Struct, frozen=True):
    """The route table. `source`: `inline`, `rds`, or `scoped`.

    `duplicates`: domains of more than one virtual host. Envoy refuses such a table; here the first host has them.
    """

    name: str
    source: str
    duplicates: tuple[str, ...] = ()


class VirtualHost(Struct, frozen=True):
    """The virtual host, and which of its domains matched which host."""

    name: str
    domain: str
    host: str
    rejected: tuple[Rejected, ...] = ()


class Route(Struct, frozen=True):
    """The route: its name, its place in the virtual host (from 0) and what it asks for in words."""

    name: str
    index: int
    match: str
    rejected: tuple[Rejected, ...] = ()


class Http(Struct, frozen=True, kw_only=True):
    """What the HTTP connection manager decides. `path` and `authority` are as routes see them, after normalisation."""

    filters: tuple[Filter, ...] = ()
    path: str = ""
    authority: str = ""
    table: RouteTable | None = None
    virtual_host: VirtualHost | None = None
    tls_required: bool = False
    route: Route | None = None
    action: Action | None = None
    """What the route does; or what a filter answers instead, which `answered_by` then names."""
    answered_by: str = ""


class Tcp(Struct, frozen=True, kw_only=True):
    """What the TCP proxy decides. `configured` is the cluster that it names itself, `cluster` the one that is used."""

    cluster: str
    configured: str = ""
    shares: tuple[Share, ...] = ()
    tunnel: str = ""
    """Host name of the CONNECT request when the connection is tunnelled."""


class Endpoint(Struct, frozen=True):
    """One endpoint. `health` as in Envoy (HEALTHY, DEGRADED, UNHEALTHY ...), `weight` within its locality."""

    address: str
    hostname: str = ""
    health: str = "HEALTHY"
    weight: int = 1
    transport_socket: str = ""
    """The matched transport socket: the name of the match, else the cluster's own, else `raw_buffer`."""
    tls_server_name: str = ""


class Locality(Struct, frozen=True):
    """Endpoints of one locality in one priority. `weight` is None when localities are not weighted."""

    name: str
    priority: int
    weight: int | None
    endpoints: tuple[Endpoint, ...]


class Priority(Struct, frozen=True):
    """The part (0 to 100) of the requests that a priority gets; in panic its unhealthy endpoints are used as well."""

    priority: int
    load: int
    panic: bool = False


class Cluster(Struct, frozen=True, kw_only=True):
    """The cluster and where its requests can go."""

    name: str
    type: str
    subset: tuple[tuple[str, str], ...] = ()
    fallback: str = ""
    """Why other endpoints than the subset's are used, if so."""
    load_balancing: str = ""
    priorities: tuple[Priority, ...] = ()
    localities: tuple[Locality, ...] = ()


class Trace(Struct, frozen=True, kw_only=True):
    """Every decision for one request. What was not reached is None or empty; `failure` says what ended it."""

    listeners: tuple[Listener, ...] = ()
    detected: Detected | None = None
    filter_chain: FilterChain | None = None
    downstream_tls: DownstreamTls | None = None
    network_filters: tuple[Filter, ...] = ()
    http: Http | None = None
    tcp: Tcp | None = None
    cluster: Cluster | None = None
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    """What the answer does not take into account, and what is worth knowing about it."""

    @property
    def listener(self) -> Listener | None:
        """The listener that serves the connection."""
        return self.listeners[-1] if self.listeners else None
