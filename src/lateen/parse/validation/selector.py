# SPDX-License-Identifier: Apache-2.0
"""Checks of what a policy applies to: selectors and references."""

from collections.abc import Mapping
from typing import Final

from lateen.model.selector import LabelSelector, PolicyTargetReference, WorkloadSelector
from lateen.parse.validation.findings import Findings, quoted

_TARGETS: Final = frozenset(
    {
        ("", "Service"),
        ("core", "Service"),
        ("networking.istio.io", "ServiceEntry"),
        ("gateway.networking.k8s.io", "Gateway"),
        ("gateway.networking.k8s.io", "GatewayClass"),
        ("gateway.networking.k8s.io", "XListenerSet"),
        ("gateway.networking.k8s.io", "ListenerSet"),
        ("gateway.networking.x-k8s.io", "XListenerSet"),
    }
)
_NO_LABELS: Final = "workload selector specified without labels"


def _check_labels(findings: Findings, field: str, labels: Mapping[str, str]) -> bool:
    sound = True
    for key, value in labels.items():
        pair = quoted(f"{key}={value}")
        if not key:
            findings.error(field, f"empty key is not supported in selector: {pair}", "remove the entry")
            sound = False
        if "*" in key or "*" in value:
            findings.error(field, f"wildcard is not supported in selector: {pair}", "name the labels in full")
            sound = False
    return sound


def check_workloads(findings: Findings, selector: WorkloadSelector | None, field: str = "spec.selector") -> None:
    """The selector of a policy."""
    if selector is not None:
        _check_labels(findings, f"{field}.matchLabels", selector.match_labels)
        if not selector.match_labels:
            findings.warn(field, _NO_LABELS, "remove the selector, or add labels")


def check_labels(findings: Findings, selector: LabelSelector | None, prefix: str) -> bool:
    """The selector of a networking kind, which messages call `prefix`. Whether it is sound."""
    if selector is None:
        return True
    sound = _check_labels(findings, "spec.workloadSelector.labels", selector.labels)
    if sound and not selector.labels:
        message = f"{prefix}: {_NO_LABELS}, will be applied to all services in namespace"
        findings.warn("spec.workloadSelector", message, "remove the selector, or add labels")
    return sound


def check_targets(
    findings: Findings,
    selector: WorkloadSelector | None,
    reference: PolicyTargetReference | None,
    references: tuple[PolicyTargetReference, ...],
) -> None:
    """Everything that says what a policy applies to."""
    if (selector is not None) + (reference is not None) + bool(references) > 1:
        findings.error("spec", "only one of targetRefs or workloadSelector can be set", "keep one of them")
    check_workloads(findings, selector)
    if reference is not None:
        _check_reference(findings, "spec.targetRef", reference)
    for index, target in enumerate(references):
        _check_reference(findings, f"spec.targetRefs[{index}]", target)


def _check_reference(findings: Findings, field: str, reference: PolicyTargetReference) -> None:
    if not reference.name:
        findings.error(f"{field}.name", "targetRef name must be set", "add the name of the target")
    if reference.namespace:
        findings.error(
            f"{field}.namespace",
            "targetRef namespace must not be set; cross namespace referencing is not supported",
            "remove it, and put the policy into the namespace of its target",
        )
    if (reference.group, reference.kind) not in _TARGETS:
        findings.error(
            field,
            "targetRef must be to one of [Service ServiceEntry Gateway GatewayClass] "
            f"but was {reference.group}/{reference.kind}",
            "write group: gateway.networking.k8s.io and kind: Gateway, or kind: Service",
        )
