# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a DestinationRule."""

from lateen.model.networking.destination_rule import DestinationRule, Subset
from lateen.parse.validation import destination, export_to, names, traffic_policy
from lateen.parse.validation.findings import Findings
from lateen.parse.validation.selector import check_workloads


def check(findings: Findings, found: DestinationRule) -> None:
    """A DestinationRule."""
    spec = found.spec
    findings.expect("spec.host", names.wildcard_domain(spec.host), "name a service, without scheme and port")
    traffic_policy.check(findings, "spec.trafficPolicy", spec.traffic_policy, found.namespace)
    seen: set[str] = set()
    for index, subset in enumerate(spec.subsets):
        place = f"spec.subsets[{index}]"
        if subset.name in seen:
            findings.error(f"{place}.name", f"duplicate subset names: {subset.name}", "give it another name")
        seen.add(subset.name)
        _check_subset(findings, place, subset, found.namespace)
    selector = spec.workload_selector
    export_to.check(findings, found.metadata.namespace, spec.export_to, has_selector=selector is not None)
    check_workloads(findings, selector, "spec.workloadSelector")


def _check_subset(findings: Findings, field: str, subset: Subset, namespace: str) -> None:
    findings.expect(f"{field}.name", destination.subset_name(subset.name), "use letters, digits and dashes")
    names.check_labels(findings, f"{field}.labels", subset.labels)
    traffic_policy.check(findings, f"{field}.trafficPolicy", subset.traffic_policy, namespace)
