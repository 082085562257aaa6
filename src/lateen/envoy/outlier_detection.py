# SPDX-License-Identifier: Apache-2.0
"""DestinationRule outlier detection as Envoy's."""

from __future__ import annotations

from envoy.config.cluster.v3.outlier_detection_pb2 import OutlierDetection as Message
from envoy.config.common.matcher.v3.matcher_pb2 import HttpHeadersMatch, MatchPredicate
from envoy.config.route.v3.route_components_pb2 import HeaderMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from lateen.envoy.duration import duration_message
from lateen.model.networking.outlier_detection import OutlierDetection

ENFORCED = 100
"""Percent of the findings of a check that lead to an ejection."""


def outlier_detection(policy: OutlierDetection) -> Message:
    """When endpoints are ejected. Only the checks that the API has are on: success rates never eject.

    A check whose count is 0 is turned off; one that is left out keeps Envoy's default (5xx: 5 in a row). The deprecated
    `consecutiveErrors` is ignored.
    """
    message = Message()
    message.enforcing_success_rate.value = 0
    if policy.consecutive_5xx_errors is not None:
        message.consecutive_5xx.value = policy.consecutive_5xx_errors
        message.enforcing_consecutive_5xx.value = ENFORCED if policy.consecutive_5xx_errors else 0
    if policy.consecutive_gateway_errors is not None:
        message.consecutive_gateway_failure.value = policy.consecutive_gateway_errors
        message.enforcing_consecutive_gateway_failure.value = ENFORCED if policy.consecutive_gateway_errors else 0
    if policy.interval is not None:
        message.interval.CopyFrom(duration_message(policy.interval))
    if policy.base_ejection_time is not None:
        message.base_ejection_time.CopyFrom(duration_message(policy.base_ejection_time))
    if policy.max_ejection_percent > 0:
        message.max_ejection_percent.value = policy.max_ejection_percent
    if policy.split_external_local_origin_errors:
        message.split_external_local_origin_errors = True
        if policy.consecutive_local_origin_failures:
            message.consecutive_local_origin_failure.value = policy.consecutive_local_origin_failures
            message.enforcing_consecutive_local_origin_failure.value = ENFORCED
        message.enforcing_local_origin_success_rate.value = 0
    return message


def error_matcher(codes: tuple[int, ...]) -> MatchPredicate:
    """The HTTP status codes that count as errors, in place of 5xx."""
    predicates = [_status_is(code) for code in codes]
    return predicates[0] if len(predicates) == 1 else MatchPredicate(or_match=MatchPredicate.MatchSet(rules=predicates))


def _status_is(code: int) -> MatchPredicate:
    header = HeaderMatcher(name=":status", string_match=StringMatcher(exact=str(code)))
    return MatchPredicate(http_response_headers_match=HttpHeadersMatch(headers=[header]))
