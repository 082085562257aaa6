# SPDX-License-Identifier: Apache-2.0
"""The network filters of a chain up to the one that ends it: access control, the cluster by server name."""

from __future__ import annotations

from typing import Any as Message

from msgspec import Struct

from lateen.explain.decision import Failure, Filter, Problem
from lateen.explain.rbac import Caller, judge

_NETWORK = "envoy.extensions.filters.network."
MANAGER = _NETWORK + "http_connection_manager.v3.HttpConnectionManager"
TCP_PROXY = _NETWORK + "tcp_proxy.v3.TcpProxy"
_SNI_CLUSTER = _NETWORK + "sni_cluster.v3.SniCluster"
_RBAC = _NETWORK + "rbac.v3.RBAC"

Unpacked = tuple[str, str, Message | None]
"""A filter's name, type, and message (None if the type is not known)."""


class Passage(Struct, frozen=True):
    """The filters with what each does; the terminal one (a MANAGER or a TCP_PROXY) unless the connection ends before.

    `cluster`: the one that a filter has set for the TCP proxy, if any.
    """

    filters: tuple[Filter, ...]
    kind: str = ""
    terminal: Message | None = None
    cluster: str = ""
    failure: Failure | None = None


def passage(filters: tuple[Unpacked, ...], caller: Caller) -> Passage:
    """Run the filters."""
    done: list[Filter] = []
    cluster = ""
    for position, (name, kind, message) in enumerate(filters):
        effect = ""
        if kind in (MANAGER, TCP_PROXY) and message is not None:
            done.append(Filter(name, kind))
            return Passage(tuple(done), kind, message, cluster)
        if kind == _SNI_CLUSTER:
            cluster = caller.connection.server_name
            effect = f"the cluster is {cluster or 'not set: there is no server name'}"
        elif kind == _RBAC and message is not None:
            verdict = judge(message, caller)
            by = f"policy {verdict.policy}" if verdict.policy else "no policy matches"
            effect = f"{'allowed' if verdict.allowed else 'denied'}: {by}"
            if not verdict.allowed:
                failure = Failure(Problem.DENIED, f"{name}: access denied, {by}")
                return Passage((*done, Filter(name, kind, effect=effect)), failure=failure)
        done.append(Filter(name, kind, effect=effect))
        if position == len(filters) - 1:
            failure = Failure(Problem.NOT_UNDERSTOOD, f"network filter {name} ({kind})")
            return Passage(tuple(done), failure=failure)
    return Passage((), failure=Failure(Problem.NOT_UNDERSTOOD, "the filter chain has no network filter"))
