# SPDX-License-Identifier: Apache-2.0
"""Which preference of near endpoints applies."""

from __future__ import annotations

from lateen.compile.traffic_policy.effective_policy import NOTHING, EffectivePolicy
from lateen.compile.traffic_policy.locality import locality_preference
from lateen.model.networking.load_balancer import (
    LoadBalancerSettings,
    LocalityDistribute,
    LocalityFailover,
    LocalityLoadBalancerSetting,
)
from lateen.model.networking.outlier_detection import OutlierDetection

MESH = LocalityLoadBalancerSetting(enabled=True)


def policy(setting: LocalityLoadBalancerSetting | None = None, *, outlier: bool = False) -> EffectivePolicy:
    return EffectivePolicy(
        load_balancer=LoadBalancerSettings(locality_lb_setting=setting),
        outlier_detection=OutlierDetection() if outlier else None,
    )


def test_outlier_detection_alone_ranks_but_does_not_weigh() -> None:
    found = locality_preference(MESH, policy(outlier=True), "")
    assert found is not None
    assert found.ranks_endpoints
    assert not found.weighs_localities


def test_without_outlier_detection_nothing_is_ranked() -> None:
    setting = LocalityLoadBalancerSetting(failover=(LocalityFailover(from_="a", to="b"),))
    found = locality_preference(MESH, policy(setting), "")
    assert found is not None
    assert not found.ranks_endpoints
    assert not found.weighs_localities
    found = locality_preference(MESH, policy(setting, outlier=True), "")
    assert found is not None
    assert found.ranks_endpoints
    assert found.weighs_localities


def test_distribute_needs_no_outlier_detection() -> None:
    setting = LocalityLoadBalancerSetting(distribute=(LocalityDistribute(from_="a"),))
    found = locality_preference(MESH, policy(setting), "")
    assert found is not None
    assert found.ranks_endpoints
    assert found.weighs_localities


def test_a_rule_turns_off_mesh_and_service() -> None:
    off = LocalityLoadBalancerSetting(enabled=False)
    assert locality_preference(MESH, policy(off, outlier=True), "PreferClose") is None


def test_a_mesh_without_preference() -> None:
    assert locality_preference(None, NOTHING, "") is None
    assert locality_preference(LocalityLoadBalancerSetting(enabled=False), policy(outlier=True), "") is None


def test_traffic_distribution_fails_over_without_outlier_detection() -> None:
    found = locality_preference(None, NOTHING, "PreferClose")
    assert found is not None
    assert found.failover
    assert found.setting.failover_priority[0] == "topology.istio.io/network"
    node = locality_preference(None, NOTHING, "PreferSameNode")
    assert node is not None
    assert node.setting.failover_priority[-1] == "kubernetes.io/hostname"
    assert locality_preference(None, NOTHING, "Nonsense") is None
