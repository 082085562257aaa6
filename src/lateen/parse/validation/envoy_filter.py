# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of an EnvoyFilter."""

from typing import Final

from lateen.model.networking.envoy_filter import (
    ApplyTo,
    EnvoyConfigObjectMatch,
    EnvoyConfigObjectPatch,
    EnvoyFilter,
    FilterMatch,
    PatchOperation,
)
from lateen.parse.validation import envoy_value, regex, selector
from lateen.parse.validation.findings import Findings, quoted

HTTP_CONNECTION_MANAGER: Final = "envoy.filters.network.http_connection_manager"

_LONGEST_VERSION: Final = 1024
_LISTENER_CLASS: Final = (ApplyTo.LISTENER, ApplyTo.FILTER_CHAIN, ApplyTo.NETWORK_FILTER, ApplyTo.HTTP_FILTER)
_ROUTE_CLASS: Final = (ApplyTo.ROUTE_CONFIGURATION, ApplyTo.VIRTUAL_HOST, ApplyTo.HTTP_ROUTE)

DEPRECATED_FILTER_NAMES: Final = {
    "envoy.buffer": "envoy.filters.http.buffer",
    "envoy.cors": "envoy.filters.http.cors",
    "envoy.csrf": "envoy.filters.http.csrf",
    "envoy.http_dynamo_filter": "envoy.filters.http.dynamo",
    "envoy.ext_authz": "envoy.filters.http.ext_authz",
    "envoy.fault": "envoy.filters.http.fault",
    "envoy.grpc_http1_bridge": "envoy.filters.http.grpc_http1_bridge",
    "envoy.grpc_json_transcoder": "envoy.filters.http.grpc_json_transcoder",
    "envoy.grpc_web": "envoy.filters.http.grpc_web",
    "envoy.gzip": "envoy.filters.http.gzip",
    "envoy.health_check": "envoy.filters.http.health_check",
    "envoy.ip_tagging": "envoy.filters.http.ip_tagging",
    "envoy.lua": "envoy.filters.http.lua",
    "envoy.rate_limit": "envoy.filters.http.ratelimit",
    "envoy.router": "envoy.filters.http.router",
    "envoy.squash": "envoy.filters.http.squash",
    "envoy.listener.http_inspector": "envoy.filters.listener.http_inspector",
    "envoy.listener.original_dst": "envoy.filters.listener.original_dst",
    "envoy.listener.original_src": "envoy.filters.listener.original_src",
    "envoy.listener.proxy_protocol": "envoy.filters.listener.proxy_protocol",
    "envoy.listener.tls_inspector": "envoy.filters.listener.tls_inspector",
    "envoy.client_ssl_auth": "envoy.filters.network.client_ssl_auth",
    "envoy.echo": "envoy.filters.network.echo",
    "envoy.http_connection_manager": HTTP_CONNECTION_MANAGER,
    "envoy.mongo_proxy": "envoy.filters.network.mongo_proxy",
    "envoy.ratelimit": "envoy.filters.network.ratelimit",
    "envoy.redis_proxy": "envoy.filters.network.redis_proxy",
    "envoy.tcp_proxy": "envoy.filters.network.tcp_proxy",
    "envoy.stat_sinks.metrics_service": "envoy.metrics_service",
}
"""Names of Envoy's filters before v3, and what they are called now."""


def check(findings: Findings, found: EnvoyFilter) -> None:
    """An EnvoyFilter."""
    findings.warn(
        "spec",
        "EnvoyFilter exposes internal implementation details that may change at any time. "
        "Prefer other APIs if possible, and exercise extreme caution, especially around upgrades.",
        code="envoy-filter",
    )
    spec = found.spec
    if spec.workload_selector is not None and spec.target_refs:
        findings.error("spec", "only one of targetRefs or workloadSelector can be set", "keep one of them")
    selector.check_targets(findings, None, None, spec.target_refs)
    if not selector.check_labels(findings, spec.workload_selector, "Envoy filter"):
        return
    for index, patch in enumerate(spec.config_patches):
        place = f"spec.configPatches[{index}]"
        if _check_patch(findings, place, patch):
            envoy_value.check(findings, f"{place}.patch.value", patch)


def _check_patch(findings: Findings, field: str, patch: EnvoyConfigObjectPatch) -> bool:
    """Whether the value is worth a look."""
    if patch.apply_to is ApplyTo.INVALID:
        findings.error(f"{field}.applyTo", "Envoy filter: missing applyTo", "add applyTo")
        return False
    if patch.patch is None:
        findings.error(f"{field}.patch", "Envoy filter: missing patch", "add patch with operation and value")
        return False
    if patch.patch.operation is PatchOperation.INVALID:
        findings.error(f"{field}.patch.operation", "Envoy filter: missing patch operation", "add operation")
        return False
    if patch.patch.operation is not PatchOperation.REMOVE and patch.patch.value is None:
        message = "Envoy filter: missing patch value for non-remove operation"
        findings.error(f"{field}.patch.value", message, "add value")
        return False
    match = patch.match
    if match is None:
        return True
    if match.proxy is not None and match.proxy.proxy_version:
        version = match.proxy.proxy_version
        wrong = regex.compile_error(version)
        if len(version) > _LONGEST_VERSION:
            message = "Envoy filter: proxyVersion match exceeds 1024 characters and will be ignored"
            findings.warn(f"{field}.match.proxy.proxyVersion", message, "shorten it")
        elif wrong is not None:
            message = f"Envoy filter: invalid regex for proxy version, [error parsing regexp: {wrong}]"
            findings.error(f"{field}.match.proxy.proxyVersion", message, "write an RE2 expression")
            return False
    return _check_match(findings, f"{field}.match", patch.apply_to, match)


def _check_match(findings: Findings, field: str, apply_to: ApplyTo, match: EnvoyConfigObjectMatch) -> bool:
    objects = (match.listener, match.route_configuration, match.cluster, match.waypoint)
    if all(part is None for part in objects) or match.waypoint is not None:
        return True
    if apply_to in _LISTENER_CLASS:
        if match.listener is None:
            message = "Envoy filter: applyTo for listener class objects cannot have non listener match"
            findings.error(field, message, "use match.listener")
            return False
        chain = match.listener.filter_chain
        if chain is not None and chain.filter is not None:
            return _check_filter(findings, f"{field}.listener.filterChain.filter", apply_to, chain.filter)
    elif apply_to in _ROUTE_CLASS and match.route_configuration is None:
        message = "Envoy filter: applyTo for http route class objects cannot have non route configuration match"
        findings.error(field, message, "use match.routeConfiguration")
    elif apply_to is ApplyTo.CLUSTER and match.cluster is None:
        message = "Envoy filter: applyTo for cluster class objects cannot have non cluster match"
        findings.error(field, message, "use match.cluster")
    return True


def _check_filter(findings: Findings, field: str, apply_to: ApplyTo, match: FilterMatch) -> bool:
    if apply_to in (ApplyTo.LISTENER, ApplyTo.FILTER_CHAIN):
        message = f"Envoy filter: filter match has no effect when used with {apply_to.value}"
        findings.warn(field, message, "use applyTo: NETWORK_FILTER, or remove it")
    if not match.name:
        findings.error(field, "Envoy filter: filter match has no name to match on", "add name")
        return False
    below = match.sub_filter
    if below is not None:
        if apply_to is not ApplyTo.HTTP_FILTER:
            message = "Envoy filter: subfilter match can be used with applyTo HTTP_FILTER only"
            findings.error(f"{field}.subFilter", message, "use applyTo: HTTP_FILTER")
            return False
        if match.name not in (HTTP_CONNECTION_MANAGER, "envoy.http_connection_manager"):
            message = f"Envoy filter: subfilter match requires filter match with {HTTP_CONNECTION_MANAGER}"
            findings.error(f"{field}.name", message, f"write {HTTP_CONNECTION_MANAGER}")
            return False
        if not below.name:
            message = "Envoy filter: subfilter match has no name to match on"
            findings.error(f"{field}.subFilter", message, "add name")
            return False
    for name in (match.name, below.name if below is not None else ""):
        if name in DEPRECATED_FILTER_NAMES:
            newer = DEPRECATED_FILTER_NAMES[name]
            message = f"using deprecated filter name {quoted(name)}; use {quoted(newer)} instead"
            findings.warn(field, message, f"write {newer}", "deprecated")
    return True
