# SPDX-License-Identifier: Apache-2.0
"""What a DestinationRule says for one port and one subset, after its levels have been put together."""

from __future__ import annotations

import msgspec

from lateen.compile.traffic_policy.destination_rule import MergedRule
from lateen.model.networking.client_tls import ClientTLSMode, ClientTLSSettings
from lateen.model.networking.connection_pool import ConnectionPoolSettings
from lateen.model.networking.load_balancer import LoadBalancerSettings, SimpleLB
from lateen.model.networking.outlier_detection import OutlierDetection
from lateen.model.networking.traffic_policy import (
    PortTrafficPolicy,
    ProxyProtocol,
    RetryBudget,
    TrafficPolicy,
    TunnelSettings,
)


class EffectivePolicy(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """The policies of one cluster. None means that nothing is said."""

    load_balancer: LoadBalancerSettings | None = None
    connection_pool: ConnectionPoolSettings | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLSSettings | None = None
    tunnel: TunnelSettings | None = None
    proxy_protocol: ProxyProtocol | None = None
    retry_budget: RetryBudget | None = None

    @property
    def passes_through(self) -> bool:
        """Whether the client's address is used without balancing."""
        return self.load_balancer is not None and self.load_balancer.simple is SimpleLB.PASSTHROUGH


NOTHING = EffectivePolicy()


def effective_policy(rule: MergedRule | None, port: int, subset: str = "") -> EffectivePolicy:
    """The policies for a service port and a subset (empty for the service as a whole).

    Settings for the port replace those of their level as a whole. A subset overrides, field by field, what the rule
    says for the port; if the subset has settings for the port, what these leave out is not inherited, except for what
    only whole levels have: tunnel, PROXY protocol, retry budget.
    """
    if rule is None:
        return NOTHING
    level = _for_port(rule.traffic_policy, port)
    found = rule.subset(subset) if subset else None
    if found is None or found.traffic_policy is None:
        return _whole(level)
    override = _for_port(found.traffic_policy, port)
    if level is None:
        return _whole(override)
    below, above = _whole(level), _whole(override)
    final = isinstance(override, PortTrafficPolicy)
    return EffectivePolicy(
        load_balancer=above.load_balancer if final else above.load_balancer or below.load_balancer,
        connection_pool=above.connection_pool if final else above.connection_pool or below.connection_pool,
        outlier_detection=above.outlier_detection if final else above.outlier_detection or below.outlier_detection,
        tls=above.tls if final else above.tls or below.tls,
        tunnel=above.tunnel or below.tunnel,
        proxy_protocol=above.proxy_protocol or below.proxy_protocol,
        retry_budget=above.retry_budget or below.retry_budget,
    )


def endpoint_tls_mode(rule: MergedRule | None, port: int, subset: str = "") -> ClientTLSMode | None:
    """The TLS mode by which endpoints are marked; None leaves it to the endpoint.

    Unlike for clusters, a port's settings without `tls` inherit it here, and a subset inherits nothing: Istio decides
    it in another place, by another rule. So a port that sets anything but `tls` under a rule with DISABLE gets mutual
    TLS in its cluster and endpoints that ask for plain text.
    """
    if rule is None:
        return None
    if subset:
        found = rule.subset(subset)
        policy = found.traffic_policy if found is not None else None
    else:
        policy = rule.traffic_policy
    if policy is None:
        return None
    settings = next((p for p in policy.port_level_settings if _is_for(p, port) and p.tls is not None), None)
    tls = settings.tls if settings is not None else policy.tls
    return tls.mode if tls is not None else None


def _for_port(policy: TrafficPolicy | None, port: int) -> TrafficPolicy | PortTrafficPolicy | None:
    if policy is None:
        return None
    return next((p for p in policy.port_level_settings if _is_for(p, port)), policy)


def _is_for(settings: PortTrafficPolicy, port: int) -> bool:
    return settings.port is not None and settings.port.number == port


def _whole(level: TrafficPolicy | PortTrafficPolicy | None) -> EffectivePolicy:
    if level is None:
        return NOTHING
    whole = level if isinstance(level, TrafficPolicy) else TrafficPolicy()
    return EffectivePolicy(
        load_balancer=level.load_balancer,
        connection_pool=level.connection_pool,
        outlier_detection=level.outlier_detection,
        tls=level.tls,
        tunnel=whole.tunnel,
        proxy_protocol=whole.proxy_protocol,
        retry_budget=whole.retry_budget,
    )
