# SPDX-License-Identifier: Apache-2.0
"""envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy: a connection's cluster."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain import weighted_cluster
from lateen.explain.decision import Share, Tcp
from lateen.explain.route_action import lb_values


def proxied(proxy: Message, override: str, random: int | None) -> tuple[Tcp, dict[str, str]]:
    """The decision, and the subset that is asked for. `override`: a cluster that an earlier filter has set."""
    tunnel = proxy.tunneling_config.hostname if proxy.HasField("tunneling_config") else ""
    subset = lb_values(proxy.metadata_match)
    if override:
        return Tcp(cluster=override, configured=proxy.cluster, shares=(Share(override, 1.0),), tunnel=tunnel), subset
    if proxy.WhichOneof("cluster_specifier") != "weighted_clusters":
        name = proxy.cluster
        return Tcp(cluster=name, configured=name, shares=(Share(name, 1.0),), tunnel=tunnel), subset
    entries = proxy.weighted_clusters.clusters
    weights = [e.weight for e in entries]
    chosen = weighted_cluster.choose(weights, random)
    if chosen is None and len(entries) == 1:
        chosen = 0
    shares = weighted_cluster.shares([e.name for e in entries], weights)
    if chosen is None:
        return Tcp(cluster="", shares=shares, tunnel=tunnel), subset
    entry = entries[chosen]
    return Tcp(cluster=entry.name, shares=shares, tunnel=tunnel), subset | lb_values(entry.metadata_match)
