# SPDX-License-Identifier: Apache-2.0
"""The HTTP side of a cluster (HttpProtocolOptions): which HTTP is spoken upstream, and for how long."""

from __future__ import annotations

import enum

import msgspec
from envoy.config.core.v3.protocol_pb2 import Http1ProtocolOptions, Http2ProtocolOptions
from envoy.extensions.http.header_formatters.preserve_case.v3.preserve_case_pb2 import PreserveCaseFormatterConfig
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions

from lateen.envoy.duration import duration_message
from lateen.envoy.extension import typed_extension
from lateen.envoy.outlier_detection import error_matcher
from lateen.model.duration import Duration
from lateen.model.networking.connection_pool import ConnectionPoolSettings, HTTP2KeepAlive

EXTENSION = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


class UpstreamProtocol(enum.Enum):
    """Which HTTP a cluster speaks."""

    HTTP1 = "HTTP/1.1"
    HTTP2 = "HTTP/2"
    DOWNSTREAM = "as the client"
    """The protocol that the client spoke."""


class UpstreamHttp(msgspec.Struct, kw_only=True):
    """What a cluster needs of HttpProtocolOptions; all at their defaults need no options at all."""

    protocol: UpstreamProtocol = UpstreamProtocol.HTTP1
    upgraded: bool = False
    """The protocol is not the one that the port declares. Limits on HTTP/2 connections do not reach such clusters: in
    Istio they are set before the upgrade."""
    preserve_case: bool = False
    """HTTP/1.1 header names are sent as the client wrote them."""
    pool: ConnectionPoolSettings | None = None
    idle_timeout: Duration | None = None
    """Overrides that of the pool."""
    auto_sni: bool = False
    """The server name in the TLS handshake is the request's host."""
    auto_san: bool = False
    """The server's certificate must carry the request's host."""
    error_codes: tuple[int, ...] = ()
    """HTTP status codes that count as errors for outlier detection, in place of 5xx."""

    @property
    def verifies_names(self) -> bool:
        """Whether a cluster that looks up the host of each request may have these options without being declared
        insecure: Envoy asks for server name and certificate to follow the host, which they do without any options."""
        return (self.auto_sni and self.auto_san) or self.options() is None

    def options(self) -> HttpProtocolOptions | None:
        """The message, or None where Envoy's defaults (HTTP/1.1) are what is wanted."""
        options = HttpProtocolOptions()
        said = self._set_connections(options)
        if self.auto_sni or self.auto_san:
            options.upstream_http_protocol_options.auto_sni = self.auto_sni
            options.upstream_http_protocol_options.auto_san_validation = self.auto_san
            said = True
        if self.error_codes:
            options.outlier_detection.error_matcher.CopyFrom(error_matcher(self.error_codes))
            said = True
        if not said and self.protocol is UpstreamProtocol.HTTP1 and not self.preserve_case:
            return None
        self._set_protocol(options)
        return options

    def _set_connections(self, options: HttpProtocolOptions) -> bool:
        tcp, http = (self.pool.tcp, self.pool.http) if self.pool else (None, None)
        idle = self.idle_timeout
        if idle is None and http is not None:
            idle = http.idle_timeout
        if idle is None and tcp is not None:
            idle = tcp.idle_timeout
        common = options.common_http_protocol_options
        if idle is not None:
            common.idle_timeout.CopyFrom(duration_message(idle))
        if tcp is not None and tcp.max_connection_duration is not None:
            common.max_connection_duration.CopyFrom(duration_message(tcp.max_connection_duration))
        if http is not None and http.max_requests_per_connection > 0:
            common.max_requests_per_connection.value = http.max_requests_per_connection
        if http is not None and (http.max_concurrent_streams > 0 or http.http2_keep_alive is not None):
            common.SetInParent()
        return bool(options.HasField("common_http_protocol_options"))

    def _set_protocol(self, options: HttpProtocolOptions) -> None:
        match self.protocol:
            case UpstreamProtocol.HTTP1:
                options.explicit_http_config.http_protocol_options.CopyFrom(http1_options(self.preserve_case))
            case UpstreamProtocol.HTTP2:
                options.explicit_http_config.http2_protocol_options.CopyFrom(self._http2_options())
            case UpstreamProtocol.DOWNSTREAM:
                downstream = options.use_downstream_protocol_config
                downstream.http_protocol_options.CopyFrom(http1_options(self.preserve_case))
                downstream.http2_protocol_options.CopyFrom(Http2ProtocolOptions())

    def _http2_options(self) -> Http2ProtocolOptions:
        options = Http2ProtocolOptions()
        http = self.pool.http if self.pool else None
        if http is None or self.upgraded:
            return options
        if http.max_concurrent_streams > 0:
            options.max_concurrent_streams.value = http.max_concurrent_streams
        if http.http2_keep_alive is not None:
            _set_keep_alive(options, http.http2_keep_alive)
        return options


def http1_options(preserve_case: bool) -> Http1ProtocolOptions:
    """HTTP/1.1, with header names in lower case or as the client wrote them."""
    options = Http1ProtocolOptions()
    if preserve_case:
        formatter = typed_extension("preserve_case", PreserveCaseFormatterConfig())
        options.header_key_format.stateful_formatter.CopyFrom(formatter)
    return options


def _set_keep_alive(options: Http2ProtocolOptions, keep_alive: HTTP2KeepAlive) -> None:
    options.connection_keepalive.SetInParent()
    if keep_alive.interval is not None:
        options.connection_keepalive.interval.CopyFrom(duration_message(keep_alive.interval))
    if keep_alive.timeout is not None:
        options.connection_keepalive.timeout.CopyFrom(duration_message(keep_alive.timeout))
