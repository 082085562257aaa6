# SPDX-License-Identifier: Apache-2.0
"""The listener for applications that use their sidecar as an HTTP proxy (MeshConfig proxyHttpPort)."""

from __future__ import annotations

from lateen.compile.clusters.client import Families
from lateen.compile.listeners.bind import loopbacks
from lateen.compile.listeners.outbound_http import outbound_http_filter
from lateen.compile.listeners.outbound_listener import HANDSHAKE_TIMEOUT
from lateen.compile.listeners.proxy_metadata import proxy_switches
from lateen.compile.mesh import http_proxy_port
from lateen.envoy.blob import Blob, blob
from lateen.envoy.filter_chain import filter_chain
from lateen.envoy.listener import OUTBOUND, listener, listener_name
from lateen.incremental.engine import Engine, query

ROUTES = "http_proxy"
"""Its route table."""


@query
def http_proxy_listener(db: Engine, families: Families) -> Blob | None:
    """The listener on loopback; None where the mesh has no such port."""
    port = http_proxy_port(db)
    if not port:
        return None
    name = listener_name(loopbacks(families)[0], port)
    manager = outbound_http_filter(db, f"outbound_{name};", ROUTES, absolute_urls=True)
    message = listener(
        name,
        loopbacks(families),
        port,
        direction=OUTBOUND,
        filter_chains=[filter_chain([manager], handshake_timeout=HANDSHAKE_TIMEOUT)],
        filters_timeout=0,
        continue_on_timeout=True,
        exact_balance=proxy_switches(db).outbound_exact_balance,
    )
    return blob(name, message)
