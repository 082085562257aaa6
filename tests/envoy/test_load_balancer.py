# SPDX-License-Identifier: Apache-2.0
"""Load balancing in Envoy's terms."""

from __future__ import annotations

from typing import Any

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from google.protobuf.json_format import MessageToDict

from lateen.envoy.load_balancer import set_load_balancer
from lateen.model.duration import seconds
from lateen.model.networking.load_balancer import (
    BackendUtilization,
    ConsistentHashLB,
    LoadBalancerSettings,
    MagLev,
    RingHash,
    SimpleLB,
    WarmupConfiguration,
)


def balanced(settings: LoadBalancerSettings | None) -> dict[str, Any]:
    cluster = Cluster()
    set_load_balancer(cluster, settings)
    found: dict[str, Any] = MessageToDict(cluster)
    return found


@pytest.mark.parametrize(
    ("simple", "policy"),
    [
        (None, "LEAST_REQUEST"),
        (SimpleLB.UNSPECIFIED, "LEAST_REQUEST"),
        (SimpleLB.LEAST_CONN, "LEAST_REQUEST"),
        (SimpleLB.LEAST_REQUEST, "LEAST_REQUEST"),
        (SimpleLB.RANDOM, "RANDOM"),
    ],
)
def test_algorithms(simple: SimpleLB | None, policy: str) -> None:
    assert balanced(LoadBalancerSettings(simple=simple)) == {"lbPolicy": policy}


def test_defaults() -> None:
    assert balanced(None) == {"lbPolicy": "LEAST_REQUEST"}
    assert balanced(LoadBalancerSettings(backend_utilization=BackendUtilization())) == {"lbPolicy": "LEAST_REQUEST"}
    assert balanced(LoadBalancerSettings(simple=SimpleLB.ROUND_ROBIN)) == {}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (ConsistentHashLB(), {"lbPolicy": "RING_HASH", "ringHashLbConfig": {"minimumRingSize": "1024"}}),
        (
            ConsistentHashLB(minimum_ring_size=7),
            {"lbPolicy": "RING_HASH", "ringHashLbConfig": {"minimumRingSize": "7"}},
        ),
        (ConsistentHashLB(ring_hash=RingHash()), {"lbPolicy": "RING_HASH"}),
        (
            ConsistentHashLB(ring_hash=RingHash(minimum_ring_size=9)),
            {"lbPolicy": "RING_HASH", "ringHashLbConfig": {"minimumRingSize": "9"}},
        ),
        (
            ConsistentHashLB(maglev=MagLev(table_size=11)),
            {"lbPolicy": "MAGLEV", "maglevLbConfig": {"tableSize": "11"}},
        ),
    ],
)
def test_consistent_hashing(settings: ConsistentHashLB, expected: dict[str, Any]) -> None:
    assert balanced(LoadBalancerSettings(consistent_hash=settings)) == expected


def test_warm_up() -> None:
    warmup = WarmupConfiguration(duration=seconds(30))
    found = balanced(LoadBalancerSettings(warmup=warmup, warmup_duration_secs=seconds(99)))
    slow = found["leastRequestLbConfig"]["slowStartConfig"]
    assert slow["slowStartWindow"] == "30s"
    assert slow["minWeightPercent"] == {"value": 10.0}
    assert slow["aggression"]["defaultValue"] == 1.0
    old = balanced(LoadBalancerSettings(simple=SimpleLB.ROUND_ROBIN, warmup_duration_secs=seconds(9)))
    assert old == {"roundRobinLbConfig": {"slowStartConfig": {"slowStartWindow": "9s"}}}


def test_warm_up_is_nothing_to_other_algorithms() -> None:
    warmup = WarmupConfiguration(duration=seconds(30))
    assert balanced(LoadBalancerSettings(simple=SimpleLB.RANDOM, warmup=warmup)) == {"lbPolicy": "RANDOM"}
    hashed = LoadBalancerSettings(consistent_hash=ConsistentHashLB(ring_hash=RingHash()), warmup=warmup)
    assert balanced(hashed) == {"lbPolicy": "RING_HASH"}
