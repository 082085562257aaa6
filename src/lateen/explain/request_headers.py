# SPDX-License-Identifier: Apache-2.0
"""The headers of a request as routes see them: what the connection manager joins, drops and adds before it routes."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.address import parse_ip
from lateen.explain.decision import DownstreamTls
from lateen.explain.request import HTTP2, HttpRequest, Request

_SANITIZE, _FORWARD_ONLY, _APPEND_FORWARD, _SANITIZE_SET, _ALWAYS_FORWARD_ONLY = range(5)
_CERTIFICATE = "x-forwarded-client-cert"
_OWN_ADDRESS = "(address of this host)"
_MADE_BY_ENVOY = "(made by Envoy)"

# Envoy keeps one entry for each of these; a second value is appended to the first.
_JOINED = frozenset(
    [
        "accept",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "grpc-accept-encoding",
        "grpc-timeout",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "origin",
        "pragma",
        "proxy-connection",
        "referer",
        "te",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
        "x-client-trace-id",
        "x-envoy-attempt-count",
        "x-envoy-decorator-operation",
        "x-envoy-downstream-service-cluster",
        "x-envoy-downstream-service-node",
        "x-envoy-external-address",
        "x-envoy-original-path",
        "x-forwarded-client-cert",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-request-id",
    ]
)
# A client that is not trusted cannot steer Envoy by these.
_INTERNAL = frozenset(
    [
        "x-envoy-expected-rq-timeout-ms",
        "x-envoy-force-trace",
        "x-envoy-hedge-on-per-try-timeout",
        "x-envoy-internal",
        "x-envoy-ip-tags",
        "x-envoy-max-retries",
        "x-envoy-original-url",
        "x-envoy-retriable-header-names",
        "x-envoy-retriable-status-codes",
        "x-envoy-retry-grpc-on",
        "x-envoy-retry-on",
        "x-envoy-upstream-alt-stat-name",
        "x-envoy-upstream-rq-per-try-timeout-ms",
        "x-envoy-upstream-rq-timeout-alt-response",
        "x-envoy-upstream-rq-timeout-ms",
    ]
)
# Nor, at the edge (use_remote_address), by these.
_EDGE = frozenset(
    [
        "x-envoy-decorator-operation",
        "x-envoy-downstream-service-cluster",
        "x-envoy-downstream-service-node",
        "x-envoy-original-path",
    ]
)
_HOP_BY_HOP = frozenset(["keep-alive", "proxy-connection", "transfer-encoding"])

Headers = dict[str, list[str]]
"""Name in lower case -> its values, as many as Envoy keeps apart."""


def request_headers(
    manager: Message, request: Request, http: HttpRequest, tls: DownstreamTls, internal: bool
) -> Headers:
    """The headers that routes match on, without the pseudo headers."""
    headers: Headers = {}
    for name, value in http.headers:
        key = name.lower()
        values = headers.setdefault(key, [])
        if key in _JOINED and values:
            values[0] = ",".join(v for v in (values[0], value) if v)
        else:
            values.append(value)
    if http.version == HTTP2:
        # HTTP/2 sends cookies in crumbs, which Envoy puts together.
        together = ""
        for crumb in headers.pop("cookie", []):
            together += ("; " if together else "") + crumb
        if together:
            headers["cookie"] = [together]
    asks_upgrade = "upgrade" in headers and "upgrade" in ",".join(headers.get("connection", [])).lower()
    dropped = set(_HOP_BY_HOP) | (set() if asks_upgrade else {"connection", "upgrade"})
    if not internal:
        dropped |= _INTERNAL
        if manager.use_remote_address.value:
            dropped |= _EDGE
    if not _keeps_certificate(manager, tls):
        dropped.add(_CERTIFICATE)
    for name in dropped:
        headers.pop(name, None)
    if internal:
        headers["x-envoy-internal"] = ["true"]
    elif manager.use_remote_address.value:
        headers["x-envoy-external-address"] = [request.source.ip]
    if manager.use_remote_address.value and not manager.skip_xff_append:
        before = headers.get("x-forwarded-for", [])
        ip = parse_ip(request.source.ip)
        # For a client on loopback Envoy names the host's own address, which the configuration does not tell.
        client = _OWN_ADDRESS if ip is not None and ip.is_loopback else request.source.ip
        headers["x-forwarded-for"] = [",".join([*before, client])]
    if not manager.HasField("generate_request_id") or manager.generate_request_id.value:
        if manager.use_remote_address.value and not internal and not manager.preserve_external_request_id:
            headers.pop("x-request-id", None)
        headers.setdefault("x-request-id", [_MADE_BY_ENVOY])
    return headers


def _keeps_certificate(manager: Message, tls: DownstreamTls) -> bool:
    """Whether an X-Forwarded-Client-Cert of the client's stays."""
    kind = manager.forward_client_cert_details
    if kind == _ALWAYS_FORWARD_ONLY:
        return True
    return tls.certificate_presented and kind in (_FORWARD_ONLY, _APPEND_FORWARD)
