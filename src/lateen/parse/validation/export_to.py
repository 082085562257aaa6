# SPDX-License-Identifier: Apache-2.0
"""Checks of exportTo: which namespaces see an object."""

from lateen.parse.validation.findings import Findings, quoted
from lateen.parse.validation.names import is_label

PRIVATE = "."
PUBLIC = "*"
NONE = "~"


def check(
    findings: Findings,
    namespace: str,
    export_to: tuple[str, ...],
    may_be_none: bool = False,
    has_selector: bool = False,
) -> None:
    """`may_be_none` for ServiceEntries, `has_selector` for DestinationRules of some workloads only."""
    seen: set[str] = set()
    for index, entry in enumerate(export_to):
        field = f"spec.exportTo[{index}]"
        target = namespace if entry == PRIVATE else entry
        if target in seen:
            if target != entry:
                findings.error(field, f"duplicate entries in exportTo: . and current namespace {namespace}", "keep one")
            else:
                findings.error(field, f"duplicate entries in exportTo for entry {entry}", "keep one")
            continue
        if (may_be_none and entry == NONE) or target in (PRIVATE, PUBLIC) or is_label(target):
            seen.add(target)
        else:
            hint = "write a namespace, . for its own or * for all"
            findings.error(
                field, f"only .,*, or a valid DNS 1123 label is allowed as exportTo entry {quoted(entry)}", hint
            )
    field = "spec.exportTo"
    if has_selector and seen and seen != {namespace}:
        if namespace in seen:
            findings.error(
                field, "destination rule with workload selector cannot have multiple entries in exportTo", "keep only ."
            )
        else:
            message = "destination rule with workload selector cannot have exportTo beyond current namespace"
            findings.error(field, message, "keep only .")
    if PUBLIC in seen and len(export_to) > 1:
        findings.error(
            field,
            "cannot have both public (*) and non-public exportTo values for a resource",
            "keep only *, or remove it",
        )
    if NONE in seen and len(export_to) > 1:
        findings.error(field, "cannot export service entry to no one (~) and someone", "keep only ~, or remove it")
