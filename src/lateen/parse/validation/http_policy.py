# SPDX-License-Identifier: Apache-2.0
"""Checks of what happens to requests besides routing: cross-origin rules, faults, mirrors, retries."""

import http
from typing import Final

from lateen.model.duration import SECOND
from lateen.model.networking.grpc_status import GRPC_STATUS
from lateen.model.networking.http_policy import (
    Abort,
    CorsPolicy,
    Delay,
    HTTPFaultInjection,
    HTTPMirrorPolicy,
    HTTPRetry,
    Percent,
)
from lateen.model.networking.http_route import HTTPRoute
from lateen.parse.validation import destination, durations, headers, regex
from lateen.parse.validation.findings import Findings, quoted

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"})
_RETRY_ON: Final = frozenset(
    {
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "envoy-ratelimited",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    }
)
_STATUSES: Final = frozenset(status.value for status in http.HTTPStatus)


def check_cors(findings: Findings, field: str, policy: CorsPolicy | None) -> None:
    """Cross-origin rules."""
    if policy is None:
        return
    for index, origin in enumerate(policy.allow_origins):
        place = f"{field}.allowOrigins[{index}]"
        if not (origin.exact or origin.prefix or origin.regex):
            findings.error(place, "'' is not a valid match type for CORS allow origins", "add exact, prefix or regex")
        else:
            regex.check_regex(findings, place, origin, "corsPolicy.allowOrigins")
    for index, method in enumerate(policy.allow_methods):
        if method != "*" and method not in _METHODS:
            hint = f"use one of {', '.join(sorted(_METHODS))}"
            findings.error(f"{field}.allowMethods[{index}]", f"{quoted(method)} is not a supported HTTP method", hint)
    for name, listed in (("allowHeaders", policy.allow_headers), ("exposeHeaders", policy.expose_headers)):
        for index, header in enumerate(listed):
            findings.expect(f"{field}.{name}[{index}]", headers.cors_name(header))
    if policy.max_age is not None:
        findings.expect(f"{field}.maxAge", durations.positive(policy.max_age))
        if policy.max_age % SECOND:
            message = "max_age duration is accurate only to seconds precision"
            findings.error(f"{field}.maxAge", message, "write whole seconds")


def percentage(percent: Percent | None) -> str | None:
    """A percentage of a fault."""
    if percent is None or percent.value == 0 or 0.0001 <= percent.value <= 100:
        return None
    return f"percentage {percent.value:g} is neither 0.0, nor in range [0.0001, 100.0]"


def check_fault(findings: Findings, field: str, fault: HTTPFaultInjection | None) -> None:
    """Faults on purpose."""
    if fault is None:
        return
    if fault.abort is None and fault.delay is None:
        findings.error(field, "HTTP fault injection must have an abort and/or a delay", "add abort or delay")
    check_abort(findings, f"{field}.abort", fault.abort)
    check_delay(findings, f"{field}.delay", fault.delay)


def check_abort(findings: Findings, field: str, abort: Abort | None) -> None:
    """An abort on purpose."""
    if abort is None:
        return
    findings.expect(f"{field}.percentage", percentage(abort.percentage))
    if abort.grpc_status is not None:
        if abort.grpc_status not in GRPC_STATUS:
            findings.error(
                f"{field}.grpcStatus",
                f"gRPC status {quoted(abort.grpc_status)} is not supported. See "
                "https://github.com/grpc/grpc/blob/master/doc/statuscodes.md for a list of supported codes, "
                "for example 'NOT_FOUND'",
                "write the name of a status in capitals",
            )
    elif abort.http2_error is not None:
        message = "HTTP/2 abort fault injection not supported yet"
        findings.error(f"{field}.http2Error", message, "use httpStatus or grpcStatus")
    elif abort.http_status is not None:
        findings.expect(f"{field}.httpStatus", http_status(abort.http_status))
    else:
        findings.warn(field, "abort configured, but error type not set", "add httpStatus or grpcStatus")


def check_delay(findings: Findings, field: str, delay: Delay | None) -> None:
    """A delay on purpose."""
    if delay is None:
        return
    findings.expect(f"{field}.percentage", percentage(delay.percentage))
    findings.expect(f"{field}.fixedDelay", durations.positive(delay.fixed_delay))
    if delay.exponential_delay is not None:
        findings.expect(f"{field}.exponentialDelay", durations.positive(delay.exponential_delay))
        findings.error(f"{field}.exponentialDelay", "exponentialDelay not supported yet", "use fixedDelay")


def http_status(status: int) -> str | None:
    """A status that a proxy may answer."""
    return None if 200 <= status <= 600 else f"HTTP status {status} is not in range 200-599"


def check_mirrors(findings: Findings, field: str, route: HTTPRoute) -> None:
    """Destinations that get copies of the requests of a route."""
    if route.mirror_percent is not None:
        place = f"{field}.mirrorPercent"
        if route.mirror_percent > 100:
            message = f"mirror_percent must have a max value of 100 (it has {route.mirror_percent})"
            findings.error(place, message)
        findings.warn(
            place,
            'using deprecated setting "mirrorPercent", use "mirrorPercentage" instead',
            f"write mirrorPercentage: {{value: {route.mirror_percent}}}",
            "deprecated",
        )
    _check_mirror_share(findings, f"{field}.mirrorPercentage", "mirror_percentage", route.mirror_percentage)
    if route.mirror is not None and route.mirrors and route.delegate is None:
        findings.error(field, "HTTP route cannot contain both mirror and mirrors", "put the mirror into mirrors")
    destination.check(findings, f"{field}.mirror", route.mirror)
    check_mirror_list(findings, f"{field}.mirrors", route.mirrors)


def check_mirror_list(findings: Findings, field: str, mirrors: tuple[HTTPMirrorPolicy, ...]) -> None:
    """Destinations that get copies."""
    for index, mirror in enumerate(mirrors):
        place = f"{field}[{index}]"
        if mirror.destination is None:
            findings.error(place, "destination is required for mirrors", "add destination.host")
            continue
        destination.check(findings, f"{place}.destination", mirror.destination)
        _check_mirror_share(findings, f"{place}.percentage", "mirror percentage", mirror.percentage)


def _check_mirror_share(findings: Findings, field: str, what: str, share: Percent | None) -> None:
    if share is not None and share.value > 100:
        findings.error(field, f"{what} must have a max value of 100 (it has {share.value:f})")
    if share is not None and share.value < 0:
        findings.error(field, f"{what} must have a min value of 0 (it has {share.value:f})")


def check_retries(findings: Findings, field: str, retries: HTTPRetry | None) -> None:
    """A retry policy."""
    if retries is None:
        return
    if retries.attempts < 0:
        findings.error(f"{field}.attempts", "attempts cannot be negative", "write 0 for no retries")
    if retries.attempts == 0 and (
        retries.per_try_timeout is not None or retries.retry_on or retries.retry_remote_localities is not None
    ):
        hint = "set attempts, or remove the other fields"
        findings.error(field, "http retry policy configured when attempts are set to 0 (disabled)", hint)
    findings.expect(f"{field}.perTryTimeout", durations.positive(retries.per_try_timeout))
    findings.expect(f"{field}.backoff", durations.positive(retries.backoff))
    for condition in retries.retry_on.split(",") if retries.retry_on else ():
        is_status = condition.isascii() and condition.isdigit() and len(condition) < 5 and int(condition) in _STATUSES
        if not is_status and condition not in _RETRY_ON:
            message = f"{quoted(condition)} is not a valid retryOn policy"
            findings.error(f"{field}.retryOn", message, f"use status codes or {', '.join(sorted(_RETRY_ON))}")
