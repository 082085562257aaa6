# SPDX-License-Identifier: Apache-2.0
"""One cluster of a service's port, as a whole or of a subset."""

from __future__ import annotations

from typing import Any as Message

from envoy.config.core.v3.health_check_pb2 import HealthStatus

from lateen.compile.clusters.address_cache import address_cache
from lateen.compile.clusters.client import ClusterClient
from lateen.compile.clusters.connection_pool import connect_timeout, keepalive_of
from lateen.compile.clusters.defaults import ClusterDefaults, cluster_defaults
from lateen.compile.clusters.discovery import Discovery, discovery_of, races_connections
from lateen.compile.clusters.protocol import declared_protocol, preserves_case, upstream_protocol
from lateen.compile.clusters.refusals import report_refusals, report_without_effect
from lateen.compile.clusters.transport_socket import set_transport_socket
from lateen.compile.clusters.upstream_tls import MeshTLS, Origination, is_insecure, upstream_tls
from lateen.compile.endpoints.load_assignment import groups_as_messages, keeps_draining, locality_groups
from lateen.compile.endpoints.viewpoint import Viewpoint
from lateen.compile.services.registry import service
from lateen.compile.services.service import MeshPort, MeshService, Registry, Resolution, ServiceKey
from lateen.compile.traffic_policy.destination_rule import MergedRule, merged_rule
from lateen.compile.traffic_policy.effective_policy import EffectivePolicy, effective_policy
from lateen.compile.traffic_policy.locality import TRAFFIC_DISTRIBUTION, locality_preference
from lateen.envoy import alpn
from lateen.envoy.blob import Blob, blob
from lateen.envoy.circuit_breaker import circuit_breakers
from lateen.envoy.cluster import make_eds, make_original_dst, new_cluster, set_http, set_keepalive
from lateen.envoy.dns_cluster import LookupFamily, make_dns, make_dynamic_forward_proxy
from lateen.envoy.load_balancer import set_load_balancer
from lateen.envoy.metadata import config_path, metadata, services
from lateen.envoy.names import outbound_cluster, outbound_server_name
from lateen.envoy.outlier_detection import outlier_detection
from lateen.envoy.upstream_http import UpstreamHttp, UpstreamProtocol
from lateen.incremental.engine import Engine, query
from lateen.model.networking.client_tls import ClientTLSMode
from lateen.model.ref import Ref

_KEPT_STATES = (HealthStatus.HEALTHY, HealthStatus.DRAINING, HealthStatus.UNKNOWN, HealthStatus.DEGRADED)
"""States in which an endpoint still gets the sessions that are bound to it."""


@query
def outbound_cluster_of(
    db: Engine,
    key: ServiceKey,
    port_number: int,
    subset: str,
    rule: tuple[Ref, ...],
    client: ClusterClient,
    viewpoint: Viewpoint,
) -> Blob | None:
    """The cluster `outbound|port|subset|host`; None when there is nothing to send to (names to resolve, but none of the
    subset). `viewpoint` counts only for clusters that hold their endpoints themselves."""
    name = outbound_cluster(port_number, subset, key.hostname)
    cluster = _cluster(db, name, key, port_number, subset, rule, client, viewpoint, forwarding=False)
    return None if cluster is None else blob(name, cluster)


@query
def forwarding_cluster_of(
    db: Engine,
    key: ServiceKey,
    port_number: int,
    subset: str,
    rule: tuple[Ref, ...],
    client: ClusterClient,
    viewpoint: Viewpoint,
) -> Blob | None:
    """The cluster `outbound_.port_.subset_.host` of an AUTO_PASSTHROUGH gateway, which forwards TLS unopened."""
    name = outbound_server_name(port_number, subset, key.hostname)
    cluster = _cluster(db, name, key, port_number, subset, rule, client, viewpoint, forwarding=True)
    return None if cluster is None else blob(name, cluster)


def _cluster(
    db: Engine,
    name: str,
    key: ServiceKey,
    port_number: int,
    subset: str,
    sources: tuple[Ref, ...],
    client: ClusterClient,
    viewpoint: Viewpoint,
    *,
    forwarding: bool,
) -> Message | None:
    found = service(db, key)
    port = found.port(port_number) if found is not None else None
    if found is None or port is None:
        return None
    rule = merged_rule(db, sources) if sources else None
    policy = effective_policy(rule, port_number, subset)
    server_name = outbound_server_name(port_number, subset, key.hostname)
    if report_refusals(db, policy, rule, server_name):
        return None
    report_without_effect(db, policy, rule)
    defaults = cluster_defaults(db)
    discovery = discovery_of(db, found, client.role)
    if policy.passes_through or effective_policy(rule, port_number).passes_through:
        discovery = Discovery.ORIGINAL_DST
    tls = None
    if not forwarding:
        tls = upstream_tls(
            db, found, port_number, policy=policy, rule=rule, subset=subset, role=client.role, server_name=server_name
        )

    protocol = upstream_protocol(port.protocol, client.role, policy.connection_pool, defaults)
    by_name = discovery is Discovery.DYNAMIC_FORWARD_PROXY
    http = _http(port, protocol, policy, client, defaults, tls, verify_host=by_name)

    cluster = new_cluster(name, connect_timeout(policy.connection_pool, defaults))
    _set_health(cluster, policy, found, defaults)
    if discovery not in (Discovery.ORIGINAL_DST, Discovery.DYNAMIC_FORWARD_PROXY):
        set_load_balancer(cluster, policy.load_balancer)
    match discovery:
        case Discovery.EDS:
            make_eds(cluster)
        case Discovery.ORIGINAL_DST:
            make_original_dst(cluster, _other_port(found, port))
        case Discovery.DYNAMIC_FORWARD_PROXY:
            cache = address_cache(key.hostname, found.reach, client.families)
            make_dynamic_forward_proxy(cluster, cache, insecure=not http.verifies_names)
        case Discovery.STRICT_DNS | Discovery.LOGICAL_DNS:
            logical = discovery is Discovery.LOGICAL_DNS
            groups = locality_groups(db, key, port_number, subset, sources, viewpoint, in_cluster=True, single=logical)
            if not groups:
                return None
            make_dns(
                cluster,
                groups_as_messages(groups),
                family=LookupFamily.ALL if races_connections(db, found.source) else client.families.lookup,
                refresh=defaults.dns_refresh,
                logical=logical,
            )
    cluster.circuit_breakers.CopyFrom(circuit_breakers(policy.connection_pool, policy.retry_budget))
    set_keepalive(cluster, defaults.tcp_keepalive, keepalive_of(policy.connection_pool))
    set_http(cluster, http)
    if not forwarding:
        set_transport_socket(
            cluster,
            tls,
            defaults,
            http2=protocol is UpstreamProtocol.HTTP2,
            by_endpoint=discovery is not Discovery.ORIGINAL_DST,
            proxy_protocol=policy.proxy_protocol,
        )
    _set_metadata(cluster, found, subset, rule, tls, protocol, policy)
    return cluster


def _set_health(cluster: Message, policy: EffectivePolicy, found: MeshService, defaults: ClusterDefaults) -> None:
    """Outlier detection, and what is done when few endpoints are healthy or they are in several localities."""
    common = cluster.common_lb_config
    common.healthy_panic_threshold.value = 0.0
    outlier = policy.outlier_detection
    if outlier is not None:
        cluster.outlier_detection.CopyFrom(outlier_detection(outlier))
        if found.traffic_distribution not in TRAFFIC_DISTRIBUTION:
            common.healthy_panic_threshold.value = float(max(outlier.min_health_percent, 0))
    preference = locality_preference(defaults.locality, policy, found.traffic_distribution)
    if preference is not None and preference.weighs_localities:
        common.locality_weighted_lb_config.SetInParent()
    if keeps_draining(found):
        common.override_host_status.statuses.extend(_KEPT_STATES)


def _other_port(found: MeshService, port: MeshPort) -> int:
    """The port to dial in place of the client's; only ServiceEntries with resolution NONE can say one."""
    if found.registry is not Registry.EXTERNAL or found.resolution is not Resolution.PASSTHROUGH:
        return 0
    target = port.target_port
    return target if isinstance(target, int) and target != port.number else 0


def _http(
    port: MeshPort,
    protocol: UpstreamProtocol,
    policy: EffectivePolicy,
    client: ClusterClient,
    defaults: ClusterDefaults,
    tls: MeshTLS | Origination | None,
    *,
    verify_host: bool,
) -> UpstreamHttp:
    outlier = policy.outlier_detection
    return UpstreamHttp(
        protocol=protocol,
        upgraded=protocol is not declared_protocol(port.protocol, client.role),
        preserve_case=preserves_case(port.protocol, defaults),
        pool=policy.connection_pool,
        auto_sni=isinstance(tls, Origination) and tls.auto_sni,
        auto_san=isinstance(tls, Origination) and (tls.auto_san or (verify_host and not is_insecure(tls))),
        error_codes=outlier.outlier_detection_http_error_codes if outlier is not None else (),
    )


def _set_metadata(
    cluster: Message,
    found: MeshService,
    subset: str,
    rule: MergedRule | None,
    tls: MeshTLS | Origination | None,
    protocol: UpstreamProtocol,
    policy: EffectivePolicy,
) -> None:
    said = policy.tls.mode if policy.tls is not None else None
    facts = metadata(
        services=services([(found.hostname, found.name, found.namespace)]),
        config=config_path(rule.ref) if rule is not None else None,
        subset=subset,
        external=True if found.external and not subset else None,
        alpn_override="false" if said in (ClientTLSMode.SIMPLE, ClientTLSMode.MUTUAL) else None,
    )
    cluster.metadata.CopyFrom(facts)
    if isinstance(tls, MeshTLS):
        cluster.metadata.filter_metadata[alpn.METADATA].CopyFrom(_application_protocols(protocol))


def _application_protocols(protocol: UpstreamProtocol) -> Message:
    match protocol:
        case UpstreamProtocol.HTTP1:
            return alpn.always(alpn.HTTP1)
        case UpstreamProtocol.HTTP2:
            return alpn.always(alpn.HTTP2)
        case UpstreamProtocol.DOWNSTREAM:
            return alpn.by_downstream_protocol()
