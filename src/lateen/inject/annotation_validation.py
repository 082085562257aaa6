# SPDX-License-Identifier: Apache-2.0
"""Annotations that make no sense, told in Istio's words; such a pod is refused."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from typing import Final

from lateen.inject import annotation
from lateen.inject.truth import parse_bool
from lateen.model.diagnostic import Diagnostic, Severity


def check(found: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """One Diagnostic for each annotation whose value cannot be used, by name."""
    wrong = []
    for name, checker in sorted(_CHECKS.items()):
        problem = checker(found[name]) if name in found else ""
        if problem:
            message = f"invalid value '{found[name]}' for annotation '{name}': {problem}"
            wrong.append(
                Diagnostic(
                    severity=Severity.ERROR,
                    code="invalid-annotation",
                    message=message,
                    field=f"metadata.annotations[{name}]",
                )
            )
    return tuple(wrong)


def _interception_mode(value: str) -> str:
    if value in ("REDIRECT", "TPROXY", "NONE"):
        return ""
    return f"interceptionMode invalid, use REDIRECT,TPROXY,NONE: {value}"


def _cidrs(value: str) -> str:
    for part in value.split(",") if value else ():
        problem = f"failed parsing cidr '{part}': not an address with a prefix length"
        if "/" not in part or "%" in part:
            return problem
        try:
            ipaddress.ip_interface(part)
        except ValueError:
            return problem
        if not part.rpartition("/")[2].isdigit():
            return problem
    return ""


def _include_ip_ranges(value: str) -> str:
    problem = "" if value == "*" else _cidrs(value)
    return problem and f"includeIPRanges invalid: {problem}"


def _exclude_ip_ranges(value: str) -> str:
    problem = _cidrs(value)
    return problem and f"excludeIPRanges invalid: {problem}"


def _is_unsigned(text: str, bits: int) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 1 << bits


def _ports(parameter: str, value: str) -> str:
    for part in value.strip().split(",") if value.strip() else ():
        if not _is_unsigned(part.strip(), 16):
            return f"{parameter} invalid: failed parsing port '{part}'"
    return ""


def _include_inbound_ports(value: str) -> str:
    return "" if value == "*" else _ports("includeInboundPorts", value)


def _exclude_inbound_ports(value: str) -> str:
    return _ports("excludeInboundPorts", value)


def _exclude_outbound_ports(value: str) -> str:
    return _ports("excludeOutboundPorts", value)


def _status_port(value: str) -> str:
    return "" if _is_unsigned(value.strip(), 16) else f"statusPort invalid: failed parsing port '{value}'"


def _uint32(value: str) -> str:
    return "" if _is_unsigned(value, 32) else "must be a whole number, 0 or more"


def _boolean(value: str) -> str:
    return "must be true or false" if parse_bool(value) is None else ""


def _named_objects(value: str) -> str:
    try:
        data = json.loads(value)
    except (ValueError, RecursionError) as error:
        return f"no JSON: {error}"
    if not isinstance(data, dict) or not all(isinstance(item, dict) for item in data.values()):
        return "must be a JSON object of volumes by name"
    return ""


def _overrides(value: str) -> str:
    try:
        data = json.loads(value)
    except (ValueError, RecursionError) as error:
        return f"no JSON: {error}"
    lists = [data.get(field) or [] for field in ("containers", "initContainers")] if isinstance(data, dict) else [None]
    if not all(isinstance(items, list) and all(isinstance(item, dict) for item in items) for items in lists):
        return "must be a JSON object with lists of containers"
    return ""


_CHECKS: Final[dict[str, Callable[[str], str]]] = {
    annotation.INTERCEPTION_MODE: _interception_mode,
    annotation.STATUS_PORT: _status_port,
    annotation.READINESS_INITIAL_DELAY: _uint32,
    annotation.READINESS_PERIOD: _uint32,
    annotation.READINESS_FAILURE_THRESHOLD: _uint32,
    annotation.INCLUDE_OUTBOUND_IP_RANGES: _include_ip_ranges,
    annotation.EXCLUDE_OUTBOUND_IP_RANGES: _exclude_ip_ranges,
    annotation.INCLUDE_INBOUND_PORTS: _include_inbound_ports,
    annotation.EXCLUDE_INBOUND_PORTS: _exclude_inbound_ports,
    annotation.EXCLUDE_OUTBOUND_PORTS: _exclude_outbound_ports,
    annotation.MERGE_PROMETHEUS: _boolean,
    annotation.USER_VOLUME: _named_objects,
    annotation.USER_VOLUME_MOUNT: _named_objects,
    annotation.OVERRIDES: _overrides,
}
"""Annotation -> what is wrong with its value, empty when nothing is. proxy.istio.io/config is checked as it is read."""
