# SPDX-License-Identifier: Apache-2.0
"""DestinationRule load balancing as Envoy's: algorithms, consistent hashing, warm-up."""

from __future__ import annotations

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import RuntimeDouble
from envoy.type.v3.percent_pb2 import Percent

from lateen.envoy.duration import duration_message
from lateen.model.networking.load_balancer import ConsistentHashLB, LoadBalancerSettings, SimpleLB

RING_SIZE = 1024
"""Points on the ring where nothing says how many."""
WARMUP_PERCENT = 10.0
WARMUP_AGGRESSION = 1.0
"""Defaults of `warmup`."""

_RUNTIME_KEY = "("
"""The aggression can be changed by Envoy's runtime under a key, which must not be empty. No runtime has this one."""


def set_load_balancer(cluster: Cluster, settings: LoadBalancerSettings | None) -> None:
    """Set the algorithm of `cluster`. LEAST_REQUEST where nothing else is said, also for `backendUtilization`, which
    Istio does not act upon. Warm-up works with LEAST_REQUEST and ROUND_ROBIN and is ignored otherwise.

    PASSTHROUGH is no algorithm but another type of cluster: see `cluster.pass_through`.
    """
    if settings is not None and settings.consistent_hash is not None:
        _set_consistent_hash(cluster, settings.consistent_hash)
        return
    match settings.simple if settings is not None else None:
        case SimpleLB.RANDOM:
            cluster.lb_policy = Cluster.RANDOM
        case SimpleLB.ROUND_ROBIN:
            cluster.lb_policy = Cluster.ROUND_ROBIN
            warmup = slow_start(settings)
            if warmup is not None:
                cluster.round_robin_lb_config.slow_start_config.CopyFrom(warmup)
        case _:
            cluster.lb_policy = Cluster.LEAST_REQUEST
            warmup = slow_start(settings)
            if warmup is not None:
                cluster.least_request_lb_config.slow_start_config.CopyFrom(warmup)


def slow_start(settings: LoadBalancerSettings | None) -> Cluster.SlowStartConfig | None:
    """How new endpoints get their share; None when at once. `warmup` replaces the deprecated `warmupDurationSecs`."""
    if settings is None:
        return None
    warmup = settings.warmup
    if warmup is not None:
        percent = WARMUP_PERCENT if warmup.minimum_percent is None else warmup.minimum_percent
        aggression = WARMUP_AGGRESSION if warmup.aggression is None else warmup.aggression
        return Cluster.SlowStartConfig(
            slow_start_window=duration_message(warmup.duration or 0),
            min_weight_percent=Percent(value=percent),
            aggression=RuntimeDouble(default_value=aggression, runtime_key=_RUNTIME_KEY),
        )
    if settings.warmup_duration_secs is not None:
        return Cluster.SlowStartConfig(slow_start_window=duration_message(settings.warmup_duration_secs))
    return None


def _set_consistent_hash(cluster: Cluster, settings: ConsistentHashLB) -> None:
    """What is hashed is the route's business; here is only how the hash finds an endpoint."""
    if settings.maglev is not None:
        cluster.lb_policy = Cluster.MAGLEV
        if settings.maglev.table_size:
            cluster.maglev_lb_config.table_size.value = settings.maglev.table_size
        return
    cluster.lb_policy = Cluster.RING_HASH
    if settings.ring_hash is not None:
        if settings.ring_hash.minimum_ring_size:
            cluster.ring_hash_lb_config.minimum_ring_size.value = settings.ring_hash.minimum_ring_size
        return
    cluster.ring_hash_lb_config.minimum_ring_size.value = settings.minimum_ring_size or RING_SIZE
