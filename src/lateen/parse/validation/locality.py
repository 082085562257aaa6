# SPDX-License-Identifier: Apache-2.0
"""Checks of locality load balancing, which DestinationRules and the mesh configuration share."""

from collections.abc import Iterable
from typing import Final

from lateen.model.networking.load_balancer import (
    LocalityFailover,
    LocalityLoadBalancerSetting,
    ZoneAwareLoadBalancerSetting,
)
from lateen.model.networking.outlier_detection import OutlierDetection
from lateen.parse.validation.findings import Findings

_TOPOLOGY: Final = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone")


def check(
    findings: Findings, field: str, setting: LocalityLoadBalancerSetting | None, outlier: OutlierDetection | None
) -> None:
    """Preference of near endpoints; failover needs outlier detection."""
    if setting is None:
        return
    if setting.distribute and setting.failover:
        findings.error(field, "can not simultaneously specify 'distribute' and 'failover'", "keep one of them")
        return
    if not _check_topology(findings, field, setting.failover, setting.failover_priority):
        return
    for index, distribute in enumerate(setting.distribute):
        place = f"{field}.distribute[{index}].to"
        if any(not 0 < weight <= 100 for weight in distribute.to.values()):
            findings.error(place, "locality weight must be in range [1, 100]", "leave localities without traffic out")
            return
        total = sum(distribute.to.values())
        if total != 100:
            findings.error(place, f"total locality weight {total} != 100", "make the weights add up to 100")
            return
        findings.expect(place, localities(distribute.to))
    findings.expect(f"{field}.distribute", localities(part.from_ for part in setting.distribute))
    if (setting.failover or setting.failover_priority) and outlier is None:
        message = "outlier detection policy must be provided for failover"
        findings.warn(field, message, "add outlierDetection beside loadBalancer")
    _check_failover(findings, field, setting.failover)


def check_zone_aware(
    findings: Findings, field: str, setting: ZoneAwareLoadBalancerSetting | None, outlier: OutlierDetection | None
) -> None:
    """Zone-aware routing; failover needs outlier detection."""
    if setting is None:
        return
    if not _check_topology(findings, field, setting.failover, setting.failover_priority):
        return
    for label in setting.failover_priority:
        if label.partition("=")[0] in _TOPOLOGY:
            message = f"topology label '{label}' is not allowed in 'failover_priority' of zone aware load balancing"
            findings.error(f"{field}.failoverPriority", message, "remove it; zones are ranked already")
    if (setting.failover or setting.failover_priority) and outlier is None:
        message = "outlier detection policy must be provided for failover"
        findings.warn(field, message, "add outlierDetection beside loadBalancer")
    _check_failover(findings, field, setting.failover)


def _check_topology(
    findings: Findings, field: str, failover: tuple[LocalityFailover, ...], priority: tuple[str, ...]
) -> bool:
    clash = next((label for label in priority if label in _TOPOLOGY), None) if failover else None
    if clash is None:
        return True
    message = f"can not simultaneously set 'failover' and topology label '{clash}' in 'failover_priority'"
    findings.error(field, message, "keep one of them")
    return False


def _check_failover(findings: Findings, field: str, failover: tuple[LocalityFailover, ...]) -> None:
    for index, part in enumerate(failover):
        place = f"{field}.failover[{index}]"
        if part.from_ == part.to:
            findings.error(place, "locality lb failover settings must specify different regions", "change from or to")
        if "/" in part.from_ or "/" in part.to:
            findings.error(place, "locality lb failover only specify region", "write the region only")
        if "*" in part.from_ or "*" in part.to:
            findings.error(place, "locality lb failover region should not contain '*' wildcard", "name the region")


def localities(found: Iterable[str]) -> str | None:
    """Localities that do not overlap: region/zone/subzone, with `*` only at the end."""
    seen: set[tuple[str, ...]] = set()
    above: set[tuple[str, ...]] = set()
    found_wildcard = False
    for locality in found:
        if locality.count("*") > 1 or ("*" in locality and not locality.endswith("*")):
            return f"locality {locality} wildcard '*' number can not exceed 1 and must be in the end"
        parts = tuple(locality.split("/", 2))
        if found_wildcard:
            return f"locality {locality} overlap with previous specified ones"
        if "" in parts:
            return f"locality {locality} must not contain empty region/zone/subzone info"
        whole = parts[:-1] if len(parts) > 1 and parts[-1] == "*" else parts
        if whole in above or any(whole[:length] in seen for length in range(1, len(whole) + 1)):
            return f"locality {locality} overlap with previous specified ones"
        found_wildcard = parts == ("*",)
        seen.add(whole)
        above.update(whole[:length] for length in range(1, len(whole)))
    return None
