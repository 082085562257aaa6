# SPDX-License-Identifier: Apache-2.0
"""DestinationRule connection limits as Envoy's circuit breakers."""

from __future__ import annotations

from envoy.config.cluster.v3.circuit_breaker_pb2 import CircuitBreakers
from envoy.type.v3.percent_pb2 import Percent

from lateen.envoy.duration import duration_message
from lateen.envoy.newer_field import set_newer_field
from lateen.model.networking.connection_pool import ConnectionPoolSettings
from lateen.model.networking.traffic_policy import RetryBudget

UNLIMITED = 2**32 - 1
"""Istio's default for every limit. Envoy's own (1024, and 3 retries) would break ordinary meshes."""

BUDGET_PERCENT = 20.0
BUDGET_MINIMUM = 3
"""Defaults of a retry budget."""

_BUDGET_INTERVAL = 3
"""The field `budget_interval` of Envoy 1.40's RetryBudget."""


def circuit_breakers(pool: ConnectionPoolSettings | None, budget: RetryBudget | None = None) -> CircuitBreakers:
    """The limits of `pool`; 0 and absent fields are unlimited. A retry budget stands beside `maxRetries`."""
    tcp, http = (pool.tcp, pool.http) if pool else (None, None)
    threshold = CircuitBreakers.Thresholds(
        max_connections={"value": _limit(tcp.max_connections if tcp else 0)},
        max_pending_requests={"value": _limit(http.http1_max_pending_requests if http else 0)},
        max_requests={"value": _limit(http.http2_max_requests if http else 0)},
        max_retries={"value": _limit(http.max_retries if http else 0)},
    )
    if budget is not None:
        percent = BUDGET_PERCENT if budget.percent is None else budget.percent
        threshold.retry_budget.budget_percent.CopyFrom(Percent(value=percent))
        threshold.retry_budget.min_retry_concurrency.value = budget.min_retry_concurrency or BUDGET_MINIMUM
        if budget.budget_interval is not None:
            set_newer_field(threshold.retry_budget, _BUDGET_INTERVAL, duration_message(budget.budget_interval))
    return CircuitBreakers(thresholds=[threshold])


def _limit(value: int) -> int:
    return value if value > 0 else UNLIMITED
