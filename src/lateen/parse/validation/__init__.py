# SPDX-License-Identifier: Apache-2.0
"""What Istio's validation webhook refuses and warns of, one module per kind.

Errors mean that Istio refuses the object; warnings that it takes it and says something. Where users know the sentence
it is Istio's; the hint is ours.
"""

from collections.abc import Callable
from typing import Any, Final

from lateen.model.extensions.traffic_extension import TrafficExtension
from lateen.model.extensions.wasm_plugin import WasmPlugin
from lateen.model.networking.destination_rule import DestinationRule
from lateen.model.networking.envoy_filter import EnvoyFilter
from lateen.model.networking.gateway import Gateway
from lateen.model.networking.proxy_config import ProxyConfig
from lateen.model.networking.service_entry import ServiceEntry
from lateen.model.networking.sidecar import Sidecar
from lateen.model.networking.virtual_service import VirtualService
from lateen.model.networking.workload_entry import WorkloadEntry
from lateen.model.networking.workload_group import WorkloadGroup
from lateen.model.resource import Resource
from lateen.model.security.authorization_policy import AuthorizationPolicy
from lateen.model.security.peer_authentication import PeerAuthentication
from lateen.model.security.request_authentication import RequestAuthentication
from lateen.model.telemetry.telemetry import Telemetry
from lateen.parse.text.problem import Problem
from lateen.parse.validation import (
    authorization_policy,
    destination_rule,
    envoy_filter,
    gateway,
    peer_authentication,
    proxy_config,
    request_authentication,
    service_entry,
    sidecar,
    telemetry,
    traffic_extension,
    virtual_service,
    wasm_plugin,
    workload_entry,
    workload_group,
)
from lateen.parse.validation.findings import Findings

_CHECKS: Final[dict[type[Resource], Callable[[Findings, Any], None]]] = {
    VirtualService: virtual_service.check,
    DestinationRule: destination_rule.check,
    Gateway: gateway.check,
    ServiceEntry: service_entry.check,
    Sidecar: sidecar.check,
    WorkloadEntry: workload_entry.check,
    WorkloadGroup: workload_group.check,
    ProxyConfig: proxy_config.check,
    EnvoyFilter: envoy_filter.check,
    PeerAuthentication: peer_authentication.check,
    AuthorizationPolicy: authorization_policy.check,
    RequestAuthentication: request_authentication.check,
    Telemetry: telemetry.check,
    WasmPlugin: wasm_plugin.check,
    TrafficExtension: traffic_extension.check,
}


_REFUSED_ANNOTATIONS: Final = {
    "internal.istio.io/webhook-always-reject": "annotation found, rejecting",
    "internal.istio.io/parents": "annotation found, this may not be set by users",
    "internal.istio.io/parent-namespace": "annotation found, this may not be set by users",
}
"""Annotations of Istio's own that no document may carry."""


def check(found: Resource) -> list[Problem]:
    """What the webhook says of an object."""
    checks = _CHECKS.get(type(found))
    if checks is None:
        return []
    findings = Findings()
    if authorization_policy.DRY_RUN in found.metadata.annotations and not isinstance(found, AuthorizationPolicy):
        message = f"{found.namespace}/{found.name} has unsupported annotation {authorization_policy.DRY_RUN}"
        place = f'metadata.annotations["{authorization_policy.DRY_RUN}"]'
        findings.error(place, f"{message}, please remove the annotation", "remove the annotation")
    for annotation, message in _REFUSED_ANNOTATIONS.items():
        if annotation in found.metadata.annotations:
            findings.error(
                f'metadata.annotations["{annotation}"]', f'"{annotation}" {message}', "remove the annotation"
            )
    checks(findings, found)
    return findings.problems
