# SPDX-License-Identifier: Apache-2.0
"""Network filters beside tcp_proxy, and the one place that fixes the order of a TCP chain's filters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any as Message

from envoy.extensions.filters.network.mongo_proxy.v3 import mongo_proxy_pb2
from envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3 import sni_dynamic_forward_proxy_pb2

from lateen.envoy.extension import network_filter

MONGO_PROXY = "envoy.filters.network.mongo_proxy"
SNI_DYNAMIC_FORWARD_PROXY = "envoy.filters.network.sni_dynamic_forward_proxy"


def mongo_statistics(stat_prefix: str) -> Message:
    """Counts MongoDB's messages on their way through; the bytes are left alone."""
    return network_filter(MONGO_PROXY, mongo_proxy_pb2.MongoProxy(stat_prefix=stat_prefix))


def server_name_lookup(cache: Message, port: int) -> Message:
    """Looks up the name that the client's TLS asks for, for a cluster that shares `cache` (a DnsCacheConfig); the
    connection goes to `port` there."""
    config = sni_dynamic_forward_proxy_pb2.FilterConfig(dns_cache_config=cache, port_value=port)
    return network_filter(SNI_DYNAMIC_FORWARD_PROXY, config)


def tcp_filters(
    tcp_proxy: Message,
    *,
    custom_authorization: Iterable[Message] = (),
    authentication: Iterable[Message] = (),
    authorization: Iterable[Message] = (),
    statistics: Iterable[Message] = (),
    protocol: Iterable[Message] = (),
) -> list[Message]:
    """The filters of a TCP chain in the order in which a connection meets them; `tcp_proxy` ends it.

    `custom_authorization` are the external authorizers of CUSTOM policies, `authentication` and `authorization` include
    the extensions of those phases, `statistics` what only counts, `protocol` what goes by the application's
    protocol.
    """
    return [*custom_authorization, *authentication, *authorization, *statistics, *protocol, tcp_proxy]
