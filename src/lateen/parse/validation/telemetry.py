# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a Telemetry."""

from lateen.model.telemetry.telemetry import (
    AccessLogFilter,
    AccessLogging,
    Metrics,
    ProviderRef,
    TagOperation,
    Telemetry,
    Tracing,
)
from lateen.parse.text import cel
from lateen.parse.text.field_path import key
from lateen.parse.validation import selector
from lateen.parse.validation.findings import Findings


def check(findings: Findings, found: Telemetry) -> None:
    """A Telemetry."""
    spec = found.spec
    selector.check_targets(findings, spec.selector, spec.target_ref, spec.target_refs)
    for index, metrics in enumerate(spec.metrics):
        _check_metrics(findings, f"spec.metrics[{index}]", metrics)
    if len(spec.tracing) > 1:
        findings.warn("spec.tracing", "multiple tracing is not currently supported", "keep one")
    for index, tracing in enumerate(spec.tracing):
        _check_tracing(findings, f"spec.tracing[{index}]", tracing)
    for index, logging in enumerate(spec.access_logging):
        _check_logging(findings, f"spec.accessLogging[{index}]", logging)


def _check_providers(findings: Findings, field: str, providers: tuple[ProviderRef, ...]) -> None:
    for index, provider in enumerate(providers):
        if not provider.name:
            message = "providers.name may not be empty"
            findings.error(f"{field}.providers[{index}].name", message, "name an extension provider")


def _check_metrics(findings: Findings, field: str, metrics: Metrics) -> None:
    _check_providers(findings, field, metrics.providers)
    for index, override in enumerate(metrics.overrides):
        place = f"{field}.overrides[{index}]"
        for name, tag in override.tag_overrides.items():
            tag_place = f"{place}.tagOverrides{key(name)}"
            if not name:
                findings.warn(tag_place, "tagOverrides.name may not be empty", "name the tag")
            if tag.operation is TagOperation.UPSERT and not tag.value:
                message = "tagOverrides.value must be set when operation is UPSERT"
                findings.error(f"{tag_place}.value", message, "add value, or use operation: REMOVE")
            if tag.operation is TagOperation.REMOVE and tag.value:
                message = "tagOverrides.value may only be set when operation is UPSERT"
                findings.error(f"{tag_place}.value", message, "remove it")
        if override.match is not None and override.match.custom_metric == "":
            findings.error(f"{place}.match.customMetric", "customMetric may not be empty", "name the metric")


def _check_tracing(findings: Findings, field: str, tracing: Tracing) -> None:
    if len(tracing.providers) > 1:
        message = "multiple providers is not currently supported"
        findings.warn(f"{field}.providers", message, "keep one")
    _check_providers(findings, field, tracing.providers)
    sampling = tracing.random_sampling_percentage
    if sampling is not None and not 0 <= sampling <= 100:
        message = "randomSamplingPercentage must be in range [0.0, 100.0]"
        findings.error(f"{field}.randomSamplingPercentage", message)
    for name, tag in tracing.custom_tags.items():
        place = f"{field}.customTags{key(name)}"
        if not name:
            findings.error(place, "tag name may not be empty", "name the tag")
        if tag.literal is not None and not tag.literal.value:
            findings.error(f"{place}.literal.value", "literal tag value may not be empty", "add value")
        if tag.header is not None and not tag.header.name:
            findings.error(f"{place}.header.name", "header tag name may not be empty", "add name")
        if tag.environment is not None and not tag.environment.name:
            findings.error(f"{place}.environment.name", "environment tag name may not be empty", "add name")
        if tag.formatter is not None and not tag.formatter.value:
            findings.error(f"{place}.formatter.value", "formatter tag value may not be empty", "add value")


def _check_logging(findings: Findings, field: str, logging: AccessLogging) -> None:
    check_filter(findings, f"{field}.filter", logging.filter)
    _check_providers(findings, field, logging.providers)


def check_filter(findings: Findings, field: str, log_filter: AccessLogFilter | None) -> None:
    """Which requests are logged: a CEL expression."""
    if log_filter is not None:
        wrong = cel.syntax_error(log_filter.expression)
        if wrong is not None:
            message = f"expression is not a valid CEL expression: {wrong}"
            findings.error(f"{field}.expression", message, "write, for example, response.code >= 400")
