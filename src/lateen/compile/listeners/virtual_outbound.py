# SPDX-License-Identifier: Apache-2.0
"""virtualOutbound: gets all redirected outgoing connections and hands each to the listener of its destination."""

from __future__ import annotations

from typing import Any as Message

from envoy.config.route.v3 import route_components_pb2, route_pb2

from lateen.compile.clusters.client import Families
from lateen.compile.listeners.bind import wildcards
from lateen.compile.listeners.catch_all import CatchAll, catch_all_filters
from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.listeners.logs import listener_access_log
from lateen.compile.listeners.outbound_http import outbound_http_filter, plain_http
from lateen.compile.mesh import mesh
from lateen.envoy.blob import Blob, blob
from lateen.envoy.filter_chain import ChainMatch, filter_chain
from lateen.envoy.listener import OUTBOUND, VIRTUAL_OUTBOUND, listener
from lateen.envoy.listener_filter import http_inspector
from lateen.envoy.names import ALLOW_ANY_DYNAMIC_DNS, BLACK_HOLE
from lateen.envoy.tcp_proxy import tcp_proxy
from lateen.incremental.engine import Engine, query

_DYNAMIC_DNS = "allow_any_dynamic_dns"


@query
def virtual_outbound(db: Engine, families: Families, transparent: bool, unclaimed: CatchAll) -> Blob:
    """The listener for sidecars of these families; `transparent` for TPROXY."""
    port = mesh(db).proxy_listen_port
    chains = [
        # Connections to the port itself would come back here for ever.
        filter_chain(
            [tcp_proxy([(BLACK_HOLE, 0)], stat_prefix=BLACK_HOLE)],
            match=ChainMatch(destination_port=port),
            name="virtualOutbound-blackhole",
        )
    ]
    if unclaimed.dynamic_dns:
        chains.append(_requests_by_name(db, families))
    chains.append(filter_chain(catch_all_filters(db, unclaimed), name="virtualOutbound-catchall-tcp"))
    message = listener(
        VIRTUAL_OUTBOUND,
        wildcards(families),
        port,
        direction=OUTBOUND,
        filter_chains=chains,
        listener_filters=[http_inspector()] if unclaimed.dynamic_dns else (),
        use_original_destination=True,
        transparent=transparent,
        access_log=listener_access_log(db, ListenerKind.SIDECAR_OUTBOUND),
    )
    return blob(VIRTUAL_OUTBOUND, message)


def _requests_by_name(db: Engine, families: Families) -> Message:
    """Plain HTTP to hosts that the proxy resolves itself (ALLOW_ANY_DYNAMIC_DNS)."""
    prefix = f"outbound_virtualOutbound_{_DYNAMIC_DNS};"
    manager = outbound_http_filter(db, prefix, dynamic_dns_routes(), dynamic_dns=families)
    return filter_chain(
        [manager], match=ChainMatch(applications=plain_http(db)), name="virtualOutbound-catchall-tcp-http"
    )


def dynamic_dns_routes() -> Message:
    """Routes that send every request to the host that it names."""
    route = route_components_pb2.Route(
        name=_DYNAMIC_DNS,
        match={"prefix": "/"},
        route={"cluster": ALLOW_ANY_DYNAMIC_DNS, "timeout": {}, "max_grpc_timeout": {}},
    )
    host = route_components_pb2.VirtualHost(
        name=_DYNAMIC_DNS, domains=["*"], routes=[route], include_request_attempt_count=True
    )
    return route_pb2.RouteConfiguration(
        name=_DYNAMIC_DNS,
        virtual_hosts=[host],
        validate_clusters={"value": False},
        max_direct_response_body_size_bytes={"value": 1 << 20},
        ignore_port_in_host_matching=True,
    )
