# SPDX-License-Identifier: Apache-2.0
"""VirtualService `retries` and the default retries of the mesh as Envoy's retry policy."""

from __future__ import annotations

from http import HTTPStatus

from envoy.config.route.v3.route_components_pb2 import RetryPolicy
from envoy.extensions.retry.host.previous_hosts.v3.previous_hosts_pb2 import PreviousHostsPredicate
from envoy.extensions.retry.priority.previous_priorities.v3.previous_priorities_config_pb2 import (
    PreviousPrioritiesConfig,
)

from lateen.envoy.blob import pack
from lateen.envoy.duration import duration_message
from lateen.model.networking.http_policy import HTTPRetry

DEFAULT_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
DEFAULT_RETRIES = 2
HOST_ATTEMPTS = 5
"""How often another endpoint is drawn for a retry before one that was tried already is taken."""

_PREVIOUS_HOSTS = RetryPolicy.RetryHostPredicate(
    name="envoy.retry_host_predicates.previous_hosts", typed_config=pack(PreviousHostsPredicate())
)
_PREVIOUS_PRIORITIES = RetryPolicy.RetryPriority(
    name="envoy.retry_priorities.previous_priorities", typed_config=pack(PreviousPrioritiesConfig(update_frequency=2))
)


def retry_policy(retries: HTTPRetry | None, *, hashed: bool = False) -> RetryPolicy | None:
    """The policy for `retries`; Istio's default (two retries) when it is None, no policy when attempts are 0.

    With `hashed` the endpoint follows from a hash, so a retry goes to the same one unless `retries` says otherwise.
    """
    policy = RetryPolicy(retry_on=DEFAULT_RETRY_ON, host_selection_retry_max_attempts=HOST_ATTEMPTS)
    policy.num_retries.value = DEFAULT_RETRIES
    avoid_previous = not hashed
    if retries is not None:
        if retries.attempts <= 0:
            return None
        policy.num_retries.value = retries.attempts
        if retries.retry_on:
            policy.retry_on, codes = _conditions(retries.retry_on)
            policy.retriable_status_codes.extend(codes)
        if retries.per_try_timeout is not None:
            policy.per_try_timeout.CopyFrom(duration_message(retries.per_try_timeout))
        if retries.retry_ignore_previous_hosts is not None:
            avoid_previous = retries.retry_ignore_previous_hosts
        if retries.retry_remote_localities:
            policy.retry_priority.CopyFrom(_PREVIOUS_PRIORITIES)
        if retries.backoff is not None:
            policy.retry_back_off.base_interval.CopyFrom(duration_message(retries.backoff))
    if avoid_previous:
        policy.retry_host_predicate.append(_PREVIOUS_HOSTS)
    return policy


def _conditions(retry_on: str) -> tuple[str, list[int]]:
    """`retryOn` split into Envoy's conditions and HTTP status codes, which need a condition of their own."""
    names: list[str] = []
    codes: list[int] = []
    for part in filter(None, (part.strip() for part in retry_on.split(","))):
        if _is_status(part):
            codes.append(int(part))
        else:
            names.append(part)
    text = ",".join(names)
    if codes and "retriable-status-codes" not in text:
        # With codes alone this begins with a comma, which Envoy reads over: it is what Istio sends.
        text += ",retriable-status-codes"
    return text, codes


def _is_status(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) in _STATUS_CODES


_STATUS_CODES = frozenset(status.value for status in HTTPStatus)
