# SPDX-License-Identifier: Apache-2.0
"""Clusters: what every one has, and the types whose endpoints need no name resolution (see `dns_cluster`)."""

from __future__ import annotations

from collections.abc import Iterable

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.address_pb2 import SocketAddress
from envoy.config.core.v3.address_pb2 import TcpKeepalive as Keepalive
from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource
from envoy.config.endpoint.v3.endpoint_components_pb2 import LocalityLbEndpoints
from google.protobuf.duration_pb2 import Duration as DurationMessage

from lateen.envoy.blob import pack
from lateen.envoy.duration import duration_message
from lateen.envoy.upstream_http import EXTENSION, UpstreamHttp
from lateen.model.duration import SECOND, Duration
from lateen.model.networking.connection_pool import TcpKeepalive

STAT_DELIMITER = ";"
"""Ends the cluster's part of a statistic's name, so that names with dots can be told from what follows."""

NEVER = DurationMessage(seconds=9223372035)
"""The longest duration that Go knows, 292 years."""


def new_cluster(name: str, connect_timeout: Duration) -> Cluster:
    """A cluster with what all have; its type is still to be set."""
    return Cluster(
        name=name,
        alt_stat_name=name + STAT_DELIMITER,
        connect_timeout=duration_message(connect_timeout),
    )


def make_eds(cluster: Cluster) -> None:
    """Endpoints come over the same stream as the cluster; Envoy waits for them however long it takes."""
    cluster.type = Cluster.EDS
    cluster.eds_cluster_config.service_name = cluster.name
    cluster.eds_cluster_config.eds_config.CopyFrom(
        ConfigSource(
            ads=AggregatedConfigSource(),
            initial_fetch_timeout=DurationMessage(),
            resource_api_version=ApiVersion.V3,
        )
    )


def make_original_dst(cluster: Cluster, port: int = 0) -> None:
    """Connections go to the address that the client asked for, on `port` unless that is 0."""
    cluster.type = Cluster.ORIGINAL_DST
    cluster.lb_policy = Cluster.CLUSTER_PROVIDED
    if port:
        cluster.original_dst_lb_config.upstream_port_override.value = port


def make_static(cluster: Cluster, groups: Iterable[LocalityLbEndpoints] = ()) -> None:
    """Endpoints are addresses that stand in the cluster itself."""
    cluster.type = Cluster.STATIC
    set_load_assignment(cluster, groups)


def set_load_assignment(cluster: Cluster, groups: Iterable[LocalityLbEndpoints]) -> None:
    """Put endpoints into the cluster itself; no groups, no assignment."""
    listed = list(groups)
    if listed:
        cluster.load_assignment.cluster_name = cluster.name
        cluster.load_assignment.endpoints.extend(listed)


def set_keepalive(cluster: Cluster, *settings: TcpKeepalive | None) -> None:
    """Keepalive probes of connections: each of `settings` overrides, field by field, those before it."""
    if all(setting is None for setting in settings):
        return
    keepalive = Keepalive()
    for setting in settings:
        if setting is None:
            continue
        if setting.probes:
            keepalive.keepalive_probes.value = setting.probes
        if setting.time is not None:
            keepalive.keepalive_time.value = setting.time // SECOND
        if setting.interval is not None:
            keepalive.keepalive_interval.value = setting.interval // SECOND
    cluster.upstream_connection_options.tcp_keepalive.CopyFrom(keepalive)


def set_http(cluster: Cluster, http: UpstreamHttp) -> None:
    """The HTTP side of the cluster, where it differs from Envoy's defaults."""
    options = http.options()
    if options is not None:
        cluster.typed_extension_protocol_options[EXTENSION].CopyFrom(pack(options))


def set_source_address(cluster: Cluster, address: str, *more: str) -> None:
    """Connections come from `address`; `more` are for the other address family."""
    cluster.upstream_bind_config.source_address.CopyFrom(_any_port(address))
    for other in more:
        cluster.upstream_bind_config.extra_source_addresses.add(address=_any_port(other))


def _any_port(address: str) -> SocketAddress:
    return SocketAddress(address=address, port_value=0)
