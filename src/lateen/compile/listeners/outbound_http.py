# SPDX-License-Identifier: Apache-2.0
"""The connection manager of a sidecar's outgoing requests."""

from __future__ import annotations

from typing import Any as Message

from lateen.compile.clusters.client import Families
from lateen.compile.listeners.connection_manager import connection_manager_settings, suppresses_debug_headers
from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.listeners.logs import http_access_log
from lateen.envoy.dns_cluster import dns_cache_config
from lateen.envoy.filter_chain import PLAIN_HTTP, PLAIN_HTTP_10
from lateen.envoy.http_connection_manager import http_connection_manager
from lateen.envoy.http_filters import dynamic_forward_proxy, http_filters, router
from lateen.envoy.names import ALLOW_ANY_DNS_CACHE
from lateen.incremental.engine import Engine


def plain_http(db: Engine) -> tuple[str, ...]:
    """What counts as plain HTTP on a sniffed connection: HTTP/1.0 only where it would be accepted."""
    accepts = connection_manager_settings(db, ListenerKind.SIDECAR_OUTBOUND).accept_http_10
    return (PLAIN_HTTP_10, *PLAIN_HTTP) if accepts else PLAIN_HTTP


def outbound_http_filter(
    db: Engine,
    stat_prefix: str,
    routes: str | Message,
    *,
    grpc_web: bool = False,
    dynamic_dns: Families | None = None,
    absolute_urls: bool = False,
) -> Message:
    """A connection manager with the route table `routes`, or with routes inside.

    With `dynamic_dns` requests may go to the cluster that resolves the host that they name, to these families.
    """
    kind = ListenerKind.SIDECAR_OUTBOUND
    proxy: tuple[Message, ...] = ()
    if dynamic_dns is not None:
        proxy = (dynamic_forward_proxy(dns_cache_config(ALLOW_ANY_DNS_CACHE, dynamic_dns.lookup)),)
    return http_connection_manager(
        connection_manager_settings(db, kind),
        stat_prefix=stat_prefix,
        routes=routes,
        http_filters=http_filters(
            outbound=True,
            router=router(suppress_debug_headers=suppresses_debug_headers(db)),
            grpc_web=grpc_web,
            forward_proxy=proxy,
        ),
        access_log=http_access_log(db, kind),
        absolute_urls=absolute_urls,
    )
