# SPDX-License-Identifier: Apache-2.0
"""Checks of outlier detection."""

from lateen.model.networking.outlier_detection import OutlierDetection
from lateen.parse.validation import durations
from lateen.parse.validation.findings import Findings


def check(findings: Findings, field: str, outlier: OutlierDetection | None) -> None:
    """Outlier detection settings."""
    if outlier is None:
        return
    findings.expect(f"{field}.baseEjectionTime", durations.positive(outlier.base_ejection_time))
    if outlier.consecutive_errors:
        findings.warn(
            f"{field}.consecutiveErrors",
            "outlier detection consecutive errors is deprecated, "
            "use consecutiveGatewayErrors or consecutive5xxErrors instead",
            f"write consecutive5xxErrors: {outlier.consecutive_errors}",
            "deprecated",
        )
    if not outlier.split_external_local_origin_errors and outlier.consecutive_local_origin_failures:
        findings.error(
            f"{field}.consecutiveLocalOriginFailures",
            "outlier detection consecutive local origin failures is specified, "
            "but split external local origin errors is set to false",
            "add splitExternalLocalOriginErrors: true",
        )
    findings.expect(f"{field}.interval", durations.positive(outlier.interval))
    for name, share in (
        ("maxEjectionPercent", outlier.max_ejection_percent),
        ("minHealthPercent", outlier.min_health_percent),
    ):
        if not 0 <= share <= 100:
            findings.error(f"{field}.{name}", f"percentage {share} is not in range 0..100")
