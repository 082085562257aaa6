# SPDX-License-Identifier: Apache-2.0
"""Network filters beside tcp_proxy, and the one place that fixes the order of a TCP chain's filters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any as Message

from envoy.extensions.filters.network.mongo_proxy.v3 import mongo_proxy_pb2

from lateen.envoy.extension import network_filter

MONGO_PROXY = "envoy.filters.network.mongo_proxy"


def mongo_statistics(stat_prefix: str) -> Message:
    """Counts MongoDB's messages on their way through; the bytes are left alone."""
    return network_filter(MONGO_PROXY, mongo_proxy_pb2.MongoProxy(stat_prefix=stat_prefix))


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
    the extensions of those phases, `statistics` what only counts, `protocol` observers of the application's protocol.
    """
    return [*custom_authorization, *authentication, *authorization, *statistics, *protocol, tcp_proxy]
