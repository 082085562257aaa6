# SPDX-License-Identifier: Apache-2.0
"""Clusters whose addresses the proxy looks up: by the names of their endpoints, or by the name in each request."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from ipaddress import ip_network

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_components_pb2 import LocalityLbEndpoints
from envoy.extensions.clusters.dynamic_forward_proxy.v3.cluster_pb2 import ClusterConfig
from envoy.extensions.common.dynamic_forward_proxy.v3.dns_cache_pb2 import DnsCacheConfig
from envoy.extensions.network.dns_resolver.cares.v3.cares_dns_resolver_pb2 import CaresDnsResolverConfig
from envoy.type.matcher.v3.address_pb2 import AddressMatcher
from xds.core.v3.cidr_pb2 import CidrRange

from lateen.envoy.blob import pack
from lateen.envoy.cluster import set_load_assignment
from lateen.envoy.duration import duration_message
from lateen.envoy.extension import typed_extension
from lateen.envoy.newer_field import set_newer_field
from lateen.model.duration import Duration, milliseconds

CARES = "envoy.network.dns_resolver.cares"
CARES_QUERIES_PER_SOCKET = 100
"""After that many queries the resolver takes another UDP port, so that one that is stuck does not stay."""
JITTER = milliseconds(100)
"""Spreads the queries of proxies that started together."""

DYNAMIC_FORWARD_PROXY = "envoy.clusters.dynamic_forward_proxy"
_RESOLVED_ADDRESS_FILTER = 16
"""The number of this field of DnsCacheConfig."""
MAX_HOSTS = 1024
"""Names that a dynamic forward proxy's cache holds."""


class LookupFamily(enum.Enum):
    """Which addresses are looked up."""

    V4_ONLY = Cluster.V4_ONLY
    V6_ONLY = Cluster.V6_ONLY
    ALL = Cluster.ALL
    """Both; connections race (Happy Eyeballs)."""


def make_dns(
    cluster: Cluster,
    groups: Iterable[LocalityLbEndpoints],
    *,
    family: LookupFamily,
    refresh: Duration,
    logical: bool = False,
) -> None:
    """Endpoints are names, resolved again when their records expire (or after `refresh`). A `logical` cluster uses the
    first address of one name, the others balance over all addresses of all names."""
    cluster.type = Cluster.LOGICAL_DNS if logical else Cluster.STRICT_DNS
    cluster.dns_lookup_family = family.value
    cluster.dns_refresh_rate.CopyFrom(duration_message(refresh))
    cluster.dns_jitter.CopyFrom(duration_message(JITTER))
    cluster.respect_dns_ttl = True
    resolver = CaresDnsResolverConfig()
    resolver.udp_max_queries.value = CARES_QUERIES_PER_SOCKET
    cluster.typed_dns_resolver_config.CopyFrom(typed_extension(CARES, resolver))
    set_load_assignment(cluster, groups)


def dns_cache_config(name: str, family: LookupFamily, forbidden: Iterable[str] = ()) -> DnsCacheConfig:
    """The cache of a dynamic forward proxy; names do not get `forbidden` addresses (CIDR blocks). The cluster and the
    filter in front of it must name it alike."""
    config = DnsCacheConfig(name=name, dns_lookup_family=family.value)
    config.max_hosts.value = MAX_HOSTS
    ranges = [_cidr(block) for block in forbidden]
    if ranges:
        set_newer_field(config, _RESOLVED_ADDRESS_FILTER, AddressMatcher(ranges=ranges))
    return config


def _cidr(block: str) -> CidrRange:
    network = ip_network(block)
    return CidrRange(address_prefix=str(network.network_address), prefix_len={"value": network.prefixlen})


def make_dynamic_forward_proxy(cluster: Cluster, cache: DnsCacheConfig, *, insecure: bool = False) -> None:
    """The address is that of the name in the request. `insecure` admits TLS that does not verify this name."""
    cluster.cluster_type.name = DYNAMIC_FORWARD_PROXY
    config = ClusterConfig(dns_cache_config=cache, allow_insecure_cluster_options=insecure)
    cluster.cluster_type.typed_config.CopyFrom(pack(config))
    cluster.lb_policy = Cluster.CLUSTER_PROVIDED
