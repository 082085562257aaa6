# SPDX-License-Identifier: Apache-2.0
"""Where a proxy keeps the addresses of names that it learns from requests."""

from __future__ import annotations

from envoy.extensions.common.dynamic_forward_proxy.v3.dns_cache_pb2 import DnsCacheConfig

from lateen.compile.clusters.client import Families
from lateen.compile.services.service import Reach
from lateen.envoy.dns_cluster import dns_cache_config
from lateen.envoy.names import dns_cache
from lateen.envoy.special_addresses import NO_SERVER, NOT_PUBLIC

_FORBIDDEN = {Reach.ANYWHERE: (), Reach.NETWORK: NO_SERVER, Reach.PUBLIC: NOT_PUBLIC}


def address_cache(host: str, reach: Reach, families: Families) -> DnsCacheConfig:
    """The cache for the names under the wildcard `host`, with no addresses beyond `reach`."""
    return dns_cache_config(dns_cache(host, reach), families.lookup, _FORBIDDEN[reach])
