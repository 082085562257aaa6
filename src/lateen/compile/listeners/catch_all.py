# SPDX-License-Identifier: Apache-2.0
"""What becomes of outgoing connections that no service claims (outboundTrafficPolicy)."""

from __future__ import annotations

from typing import Any as Message

import msgspec

from lateen.compile.listeners.kind import ListenerKind
from lateen.compile.listeners.tcp_route import TcpRoute, tcp_route_filters
from lateen.compile.mesh import domain
from lateen.compile.sidecar_scope.outbound_policy import policy_of
from lateen.envoy.filter_chain import filter_chain
from lateen.envoy.names import BLACK_HOLE, PASSTHROUGH, outbound_cluster
from lateen.incremental.engine import Engine, query
from lateen.model.host import resolve_short_name
from lateen.model.networking.sidecar import OutboundTrafficPolicyMode
from lateen.model.ref import Ref

PASSTHROUGH_CHAIN = "PassthroughFilterChain"
"""The default chain of listeners that services share."""


class CatchAll(msgspec.Struct, frozen=True, cache_hash=True):
    """Where unclaimed connections go, and whether unclaimed requests are resolved by the proxy instead."""

    cluster: str
    dynamic_dns: bool = False


@query
def catch_all(db: Engine, sidecar: Ref | None) -> CatchAll:
    """The policy of the Sidecar, else of the mesh, as a cluster."""
    policy = policy_of(db, sidecar)
    if policy.mode is OutboundTrafficPolicyMode.REGISTRY_ONLY:
        return CatchAll(BLACK_HOLE)
    proxy = policy.egress_proxy
    if proxy is not None:
        host = resolve_short_name(proxy.host, sidecar.namespace if sidecar is not None else "", domain(db))
        return CatchAll(outbound_cluster(proxy.port.number if proxy.port is not None else 0, proxy.subset, host))
    return CatchAll(PASSTHROUGH, policy.dynamic_dns)


def catch_all_filters(db: Engine, to: CatchAll) -> list[Message]:
    """The network filters for unclaimed connections."""
    route = TcpRoute(clusters=((to.cluster, 0),), stat_prefix=to.cluster)
    return tcp_route_filters(db, route, ListenerKind.SIDECAR_OUTBOUND)


def catch_all_chain(db: Engine, to: CatchAll) -> Message:
    """The default chain of a listener that services share."""
    chain = filter_chain(catch_all_filters(db, to), name=PASSTHROUGH_CHAIN)
    chain.filter_chain_match.SetInParent()
    return chain
