# SPDX-License-Identifier: Apache-2.0
"""The filter that carries bytes to a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any as Message

from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from envoy.type.v3 import hash_policy_pb2

from lateen.envoy.duration import duration_message
from lateen.envoy.extension import network_filter
from lateen.model.duration import Duration

NAME = "envoy.filters.network.tcp_proxy"


def tunneling(hostname: str, port: int, post: bool) -> Message:
    """Bytes travel inside a CONNECT (or POST) request for `hostname:port` to the cluster's HTTP proxy."""
    return tcp_proxy_pb2.TcpProxy.TunnelingConfig(hostname=f"{hostname}:{port}", use_post=post)


def tcp_proxy(
    clusters: Sequence[tuple[str, int]],
    *,
    stat_prefix: str,
    access_log: Iterable[Message] = (),
    idle_timeout: Duration | None = None,
    max_connection_duration: Duration | None = None,
    hash_source_ip: bool = False,
    tunnel: Message | None = None,
) -> Message:
    """A tcp_proxy filter.

    `clusters` are names with weights; one alone is the cluster, its weight without meaning. Durations are None for
    Envoy's defaults (an hour without a byte, no limit on the whole). `hash_source_ip` has the client's address choose
    the endpoint.
    """
    proxy = tcp_proxy_pb2.TcpProxy(stat_prefix=stat_prefix, access_log=access_log, tunneling_config=tunnel)
    if len(clusters) == 1:
        proxy.cluster = clusters[0][0]
    else:
        for name, weight in clusters:
            proxy.weighted_clusters.clusters.add(name=name, weight=weight)
    if idle_timeout is not None:
        proxy.idle_timeout.CopyFrom(duration_message(idle_timeout))
    if max_connection_duration is not None:
        proxy.max_downstream_connection_duration.CopyFrom(duration_message(max_connection_duration))
    if hash_source_ip:
        proxy.hash_policy.append(hash_policy_pb2.HashPolicy(source_ip={}))
    return network_filter(NAME, proxy)
