# SPDX-License-Identifier: Apache-2.0
"""The filter that turns bytes into requests, with the settings that Istio gives it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any as Message

import msgspec
from envoy.config.core.v3 import config_source_pb2, protocol_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.http.header_formatters.preserve_case.v3 import preserve_case_pb2
from envoy.extensions.request_id.uuid.v3 import uuid_pb2

from lateen.envoy.blob import pack
from lateen.envoy.duration import duration_message
from lateen.envoy.extension import network_filter, typed_extension
from lateen.model.duration import Duration

NAME = "envoy.filters.network.http_connection_manager"

_Manager = http_connection_manager_pb2.HttpConnectionManager


class PathNormalization(enum.Enum):
    """What is made of a request's path before anything looks at it."""

    NONE = "NONE"
    """Nothing."""
    BASE = "BASE"
    """`\\` becomes `/`, `.` and `..` are resolved (RFC 3986)."""
    MERGE_SLASHES = "MERGE_SLASHES"
    """And several slashes in a row become one."""
    DECODE_AND_MERGE_SLASHES = "DECODE_AND_MERGE_SLASHES"
    """And `%2F`, `%5C` are decoded before."""


class ClientCertificate(enum.Enum):
    """What becomes of the header x-forwarded-client-cert."""

    SANITIZE = "SANITIZE"
    FORWARD_ONLY = "FORWARD_ONLY"
    APPEND_FORWARD = "APPEND_FORWARD"
    SANITIZE_SET = "SANITIZE_SET"
    ALWAYS_FORWARD_ONLY = "ALWAYS_FORWARD_ONLY"


class CertificateDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What x-forwarded-client-cert says of the certificate beside its hash."""

    subject: bool = True
    uri: bool = True
    dns: bool = True
    cert: bool = False
    chain: bool = False


class ConnectionManagerSettings(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """What the mesh and the kind of listener decide, alike for many connection managers."""

    path_normalization: PathNormalization = PathNormalization.BASE
    use_remote_address: bool = False
    """Whether the peer's address is the client's (gateways), rather than what x-forwarded-for says."""
    trusted_hops: int = 0
    """Proxies in front whose x-forwarded-for entries are believed."""
    server_name: str = ""
    """Value of the header `server`; Envoy's default when empty."""
    keep_server_header: bool = False
    """Whether the upstream's `server` header passes."""
    generate_request_id: bool = True
    client_certificate: ClientCertificate | None = None
    """None: clients do not identify by certificate here."""
    certificate_details: CertificateDetails = CertificateDetails()
    preserve_header_case: bool = False
    """Whether HTTP/1.x header names keep their letters."""
    accept_http_10: bool = False
    append_forwarded_port: bool = False
    """Whether x-forwarded-port is added."""
    idle_timeout: Duration | None = None
    """For connections without requests; Envoy's hour when None."""


def _rds(table: str) -> Message:
    source = config_source_pb2.ConfigSource(ads={}, initial_fetch_timeout={"seconds": 0}, resource_api_version="V3")
    return http_connection_manager_pb2.Rds(config_source=source, route_config_name=table)


def _http1(settings: ConnectionManagerSettings, absolute_urls: bool, explicit: bool) -> Message | None:
    options = protocol_pb2.Http1ProtocolOptions(accept_http_10=settings.accept_http_10)
    if absolute_urls:
        options.allow_absolute_url.value = True
    if settings.preserve_header_case:
        formatter = preserve_case_pb2.PreserveCaseFormatterConfig()
        options.header_key_format.stateful_formatter.CopyFrom(typed_extension("preserve_case", formatter))
    return options if explicit or options.ByteSize() else None


def http_connection_manager(
    settings: ConnectionManagerSettings,
    *,
    stat_prefix: str,
    routes: str | Message,
    http_filters: Iterable[Message],
    access_log: Iterable[Message] = (),
    http1_options: bool = False,
    http2_options: bool = False,
    absolute_urls: bool = False,
    tracing: Message | None = None,
    trace_sampling_by_request_id: bool = True,
) -> Message:
    """An http_connection_manager filter.

    `routes` is the name of a route table that the control plane sends, or a RouteConfiguration to be put inside.
    `http_filters` come from `envoy.http_filters`, the router last. `http1_options` and `http2_options` state those
    options even when all have their default. `absolute_urls` admits `GET http://host/`, as clients ask of a proxy.
    """
    manager = _Manager(
        stat_prefix=stat_prefix,
        access_log=access_log,
        http_filters=http_filters,
        use_remote_address={"value": settings.use_remote_address},
        xff_num_trusted_hops=settings.trusted_hops,
        server_name=settings.server_name,
        append_x_forwarded_port=settings.append_forwarded_port,
        normalize_path={"value": settings.path_normalization is not PathNormalization.NONE},
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        stream_idle_timeout={"seconds": 0},
        upgrade_configs=[{"upgrade_type": "websocket"}],
        proxy_100_continue=True,
        request_id_extension={
            "typed_config": pack(
                uuid_pb2.UuidRequestIdConfig(use_request_id_for_trace_sampling={"value": trace_sampling_by_request_id})
            )
        },
        tracing=tracing,
        http_protocol_options=_http1(settings, absolute_urls, http1_options),
    )
    if isinstance(routes, str):
        manager.rds.CopyFrom(_rds(routes))
    else:
        manager.route_config.CopyFrom(routes)
    if settings.path_normalization in (PathNormalization.MERGE_SLASHES, PathNormalization.DECODE_AND_MERGE_SLASHES):
        manager.merge_slashes = True
    if settings.path_normalization is PathNormalization.DECODE_AND_MERGE_SLASHES:
        manager.path_with_escaped_slashes_action = _Manager.UNESCAPE_AND_FORWARD
    if settings.keep_server_header:
        manager.server_header_transformation = _Manager.PASS_THROUGH
    if not settings.generate_request_id:
        manager.generate_request_id.value = False
    if settings.client_certificate is not None:
        manager.forward_client_cert_details = _Manager.ForwardClientCertDetails.Value(settings.client_certificate.value)
        details = settings.certificate_details
        manager.set_current_client_cert_details.CopyFrom(
            _Manager.SetCurrentClientCertDetails(
                subject={"value": details.subject},
                uri=details.uri,
                dns=details.dns,
                cert=details.cert,
                chain=details.chain,
            )
        )
    if http2_options:
        manager.http2_protocol_options.SetInParent()
    if settings.idle_timeout is not None:
        manager.common_http_protocol_options.idle_timeout.CopyFrom(duration_message(settings.idle_timeout))
    return network_filter(NAME, manager)
