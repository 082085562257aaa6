# SPDX-License-Identifier: Apache-2.0
"""Which preference of near endpoints applies: the DestinationRule's, the service's, or the mesh's."""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.services.locality import HOSTNAME_LABEL, NETWORK_LABEL, REGION_LABEL, SUBZONE_LABEL, ZONE_LABEL
from lateen.compile.traffic_policy.effective_policy import EffectivePolicy
from lateen.model.networking.load_balancer import LocalityLoadBalancerSetting

_SAME_ZONE = (NETWORK_LABEL, REGION_LABEL, ZONE_LABEL)
TRAFFIC_DISTRIBUTION = {
    "PreferClose": (*_SAME_ZONE, SUBZONE_LABEL),
    "PreferSameZone": _SAME_ZONE,
    "PreferSameNode": (*_SAME_ZONE, SUBZONE_LABEL, HOSTNAME_LABEL),
}
"""Labels in common with the client, by a Service's trafficDistribution."""


class LocalityPreference(NamedTuple):
    """A setting that is in effect, and whether endpoints of lower priority may take over."""

    setting: LocalityLoadBalancerSetting
    failover: bool
    """Envoy turns to a lower priority only when endpoints count as unhealthy: without outlier detection it never would,
    so the priorities are left out. A Service's trafficDistribution goes by readiness and needs none."""

    @property
    def weighs_localities(self) -> bool:
        """Whether Envoy first picks a locality by weight, then an endpoint in it."""
        said = self.setting
        return bool(said.distribute) or (self.failover and bool(said.failover or said.failover_priority))

    @property
    def ranks_endpoints(self) -> bool:
        """Whether endpoints are weighed or ranked by where the client is."""
        return bool(self.setting.distribute) or self.failover


def locality_preference(
    mesh: LocalityLoadBalancerSetting | None, policy: EffectivePolicy, traffic_distribution: str
) -> LocalityPreference | None:
    """The preference for a cluster with `policy`, of a service with `traffic_distribution`; None when there is none.

    A DestinationRule's setting replaces all others, also when it says `enabled: false`.
    """
    failover = policy.outlier_detection is not None
    said = policy.load_balancer.locality_lb_setting if policy.load_balancer is not None else None
    if said is not None:
        return None if said.enabled is False else LocalityPreference(said, failover)
    labels = TRAFFIC_DISTRIBUTION.get(traffic_distribution)
    if labels is not None:
        return LocalityPreference(LocalityLoadBalancerSetting(enabled=True, failover_priority=labels), True)
    if mesh is None or mesh.enabled is False:
        return None
    return LocalityPreference(mesh, failover)
