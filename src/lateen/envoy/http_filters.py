# SPDX-License-Identifier: Apache-2.0
"""The one place that fixes the order of HTTP filters.

    peer metadata → CUSTOM authorization → authentication → authorization → statistics' extensions → gRPC-Web →
    gRPC statistics → ALPN → fault → CORS → telemetry → (dynamic forward proxy) → router

A filter joins through the parameter of `http_filters` that is named for its place; nothing else may be added to a
connection manager's list, except by an EnvoyFilter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any as Message

from envoy.extensions.filters.http.cors.v3 import cors_pb2
from envoy.extensions.filters.http.dynamic_forward_proxy.v3 import dynamic_forward_proxy_pb2
from envoy.extensions.filters.http.fault.v3 import fault_pb2
from envoy.extensions.filters.http.grpc_stats.v3 import config_pb2 as grpc_stats_pb2
from envoy.extensions.filters.http.grpc_web.v3 import grpc_web_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2

from lateen.envoy import alpn
from lateen.envoy.extension import http_filter

CORS = "envoy.filters.http.cors"
DYNAMIC_FORWARD_PROXY = "envoy.filters.http.dynamic_forward_proxy"
FAULT = "envoy.filters.http.fault"
GRPC_STATS = "envoy.filters.http.grpc_stats"
GRPC_WEB = "envoy.filters.http.grpc_web"
ROUTER = "envoy.filters.http.router"

_GRPC_WEB = http_filter(GRPC_WEB, grpc_web_pb2.GrpcWeb())
_GRPC_STATS = http_filter(
    GRPC_STATS, grpc_stats_pb2.FilterConfig(emit_filter_state=True, stats_for_all_methods={"value": False})
)
_ALPN = alpn.override_filter()
_FAULT = http_filter(FAULT, fault_pb2.HTTPFault())
_CORS = http_filter(CORS, cors_pb2.Cors())


def dynamic_forward_proxy(cache: Message) -> Message:
    """Resolves the host that the request names, for a cluster that shares `cache` (a DnsCacheConfig)."""
    return http_filter(DYNAMIC_FORWARD_PROXY, dynamic_forward_proxy_pb2.FilterConfig(dns_cache_config=cache))


def router(*, suppress_debug_headers: bool = False) -> Message:
    """The filter that sends the request; `suppress_debug_headers` keeps Envoy's `x-envoy-*` headers off."""
    return http_filter(ROUTER, router_pb2.Router(suppress_envoy_headers=suppress_debug_headers))


def http_filters(
    *,
    outbound: bool,
    router: Message,
    grpc_web: bool = False,
    peer_metadata: Iterable[Message] = (),
    custom_authorization: Iterable[Message] = (),
    authentication: Iterable[Message] = (),
    authorization: Iterable[Message] = (),
    extensions: Iterable[Message] = (),
    telemetry: Iterable[Message] = (),
    forward_proxy: Iterable[Message] = (),
) -> list[Message]:
    """The HTTP filters of a connection manager, in the order in which a request meets them.

    `outbound` is true on sidecars' outgoing side and on gateways, where the upstream may be another proxy of the mesh.
    `custom_authorization` is what CUSTOM policies ask of external authorizers, `authentication` and `authorization`
    include the extensions (WasmPlugins) of those phases, `extensions` are those of later phases.
    """
    return [
        *peer_metadata,
        *custom_authorization,
        *authentication,
        *authorization,
        *extensions,
        *((_GRPC_WEB,) if grpc_web else ()),
        _GRPC_STATS,
        *((_ALPN,) if outbound else ()),
        _FAULT,
        _CORS,
        *telemetry,
        *forward_proxy,
        router,
    ]
