# SPDX-License-Identifier: Apache-2.0
"""Checks of load balancing."""

from math import isqrt

from lateen.model.networking.load_balancer import ConsistentHashLB, LoadBalancerSettings
from lateen.model.networking.outlier_detection import OutlierDetection
from lateen.parse.validation import durations, locality
from lateen.parse.validation.findings import Findings

_TABLE_LIMIT = 5000011


def check(
    findings: Findings, field: str, settings: LoadBalancerSettings | None, outlier: OutlierDetection | None
) -> None:
    """Load balancer settings; locality failover needs outlier detection."""
    if settings is None:
        return
    if settings.consistent_hash is not None:
        _check_hash(findings, f"{field}.consistentHash", settings.consistent_hash)
    if settings.locality_lb_setting is not None and settings.zone_aware_lb_setting is not None:
        message = "only one of localityLbSetting or zoneAwareLbSetting can be set"
        findings.error(field, message, "keep one of them")
    locality.check(findings, f"{field}.localityLbSetting", settings.locality_lb_setting, outlier)
    locality.check_zone_aware(findings, f"{field}.zoneAwareLbSetting", settings.zone_aware_lb_setting, outlier)
    findings.expect(f"{field}.warmupDurationSecs", durations.positive(settings.warmup_duration_secs))
    if settings.warmup is not None:
        if settings.warmup.duration is None:
            findings.error(f"{field}.warmup.duration", "duration is required", "add warmup.duration")
        findings.expect(f"{field}.warmup.duration", durations.positive(settings.warmup.duration))
        if settings.warmup.aggression is not None and settings.warmup.aggression < 1:
            message = "aggression should be greater than or equal to 1"
            findings.error(f"{field}.warmup.aggression", message, "leave it out for linear growth")
        if settings.warmup.minimum_percent is not None and settings.warmup.minimum_percent > 100:
            message = "minimumPercent value should be less than or equal to 100"
            findings.error(f"{field}.warmup.minimumPercent", message)


def _check_hash(findings: Findings, field: str, settings: ConsistentHashLB) -> None:
    if settings.http_cookie is not None and not settings.http_cookie.name:
        findings.error(f"{field}.httpCookie.name", "name required for HttpCookie", "add the name of the cookie")
    attributes = settings.http_cookie.attributes if settings.http_cookie is not None else ()
    seen: set[str] = set()
    for index, attribute in enumerate(attributes):
        place = f"{field}.httpCookie.attributes[{index}].name"
        if not attribute.name:
            findings.error(place, "name required for HttpCookie attribute", "add the name of the attribute")
        elif attribute.name.lower() in seen:
            findings.error(place, f"duplicate HttpCookie attribute name {attribute.name}", "keep one of them")
        seen.add(attribute.name.lower())
    if settings.minimum_ring_size:
        place = f"{field}.minimumRingSize"
        findings.warn(
            place,
            "consistent hash MinimumRingSize is deprecated, use ConsistentHashLB's RingHash configuration instead",
            f"write ringHash: {{minimumRingSize: {settings.minimum_ring_size}}}",
            "deprecated",
        )
        if settings.ring_hash is not None or settings.maglev is not None:
            message = "only one of MinimumRingSize or Maglev/Ringhash can be specified"
            findings.error(place, message, "remove minimumRingSize")
    if settings.maglev is not None:
        _check_table(findings, f"{field}.maglev.tableSize", settings.maglev.table_size)


def _check_table(findings: Findings, field: str, size: int) -> None:
    hint = "use 65537, or another prime below 5000011"
    if size == 0:
        findings.error(field, "tableSize must be set for maglev", hint)
    elif size >= _TABLE_LIMIT:
        findings.error(field, "tableSize must be less than 5000011 for maglev", hint)
    elif not _is_prime(size):
        findings.error(field, "tableSize must be a prime number for maglev", hint)


def _is_prime(number: int) -> bool:
    """Whether Envoy takes a number below the limit for a prime; it does so with 1."""
    return number < 4 or (number % 2 == 1 and all(number % factor for factor in range(3, isqrt(number) + 1, 2)))
