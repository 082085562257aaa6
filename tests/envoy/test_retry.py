# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from lateen.envoy.retry import DEFAULT_RETRY_ON, retry_policy
from lateen.model.duration import milliseconds
from lateen.model.networking.http_policy import HTTPRetry


def test_no_policy_means_two_tries_at_other_endpoints() -> None:
    policy = retry_policy(None)
    assert policy is not None
    assert (policy.num_retries.value, policy.retry_on) == (2, DEFAULT_RETRY_ON)
    assert policy.host_selection_retry_max_attempts == 5
    assert [p.name for p in policy.retry_host_predicate] == ["envoy.retry_host_predicates.previous_hosts"]
    assert not policy.retriable_status_codes


@pytest.mark.parametrize("attempts", [0, -1])
def test_no_attempts_turn_retries_off(attempts: int) -> None:
    assert retry_policy(HTTPRetry(attempts=attempts, retry_on="5xx")) is None


@pytest.mark.parametrize(
    ("said", "conditions", "codes"),
    [
        ("5xx", "5xx", []),
        ("5xx,503", "5xx,retriable-status-codes", [503]),
        ("503,429", ",retriable-status-codes", [503, 429]),
        ("retriable-status-codes,503", "retriable-status-codes", [503]),
        (" reset , , 503 ", "reset,retriable-status-codes", [503]),
        ("599,042,-1", "599,042,-1", []),
    ],
)
def test_status_codes_are_told_from_conditions(said: str, conditions: str, codes: list[int]) -> None:
    policy = retry_policy(HTTPRetry(attempts=1, retry_on=said))
    assert policy is not None
    assert (policy.retry_on, list(policy.retriable_status_codes)) == (conditions, codes)


@pytest.mark.parametrize(
    ("hashed", "ignore_previous", "avoids"),
    [(False, None, True), (True, None, False), (True, True, True), (False, False, False)],
)
def test_a_hash_keeps_its_endpoint_unless_the_rule_says_otherwise(
    hashed: bool, ignore_previous: bool | None, avoids: bool
) -> None:
    policy = retry_policy(HTTPRetry(attempts=1, retry_ignore_previous_hosts=ignore_previous), hashed=hashed)
    assert policy is not None
    assert bool(policy.retry_host_predicate) is avoids


def test_times_and_localities() -> None:
    policy = retry_policy(
        HTTPRetry(
            attempts=3,
            per_try_timeout=milliseconds(1500),
            backoff=milliseconds(40),
            retry_remote_localities=True,
        )
    )
    assert policy is not None
    assert policy.per_try_timeout.ToMilliseconds() == 1500
    assert policy.retry_back_off.base_interval.ToMilliseconds() == 40
    assert policy.retry_priority.name == "envoy.retry_priorities.previous_priorities"
