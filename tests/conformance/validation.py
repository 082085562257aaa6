# SPDX-License-Identifier: Apache-2.0
"""Replay the tables of Istio's validation tests, and of its custom resource definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.duration import Duration
from lateen.model.kinds import KINDS
from lateen.model.mesh.extension_provider import (
    DatadogTracingProvider,
    EnvoyExternalAuthorizationGrpcProvider,
    EnvoyExternalAuthorizationHttpProvider,
    EnvoyHttpGrpcV3LogProvider,
    EnvoyOpenTelemetryLogProvider,
    EnvoyTcpGrpcV3LogProvider,
    LightstepTracingProvider,
    OpenCensusAgentTracingProvider,
    OpenTelemetryTracingProvider,
    SkyWalkingTracingProvider,
    ZipkinTracingProvider,
)
from lateen.model.mesh.networks import MeshNetworks
from lateen.model.mesh.proxy_defaults import AuthenticationPolicy, ConnectionSettings, ProxyDefaults
from lateen.model.mesh_config import DefaultTrafficPolicy, MeshConfig
from lateen.model.message import Message
from lateen.model.networking.client_tls import ClientTLSSettings
from lateen.model.networking.connection_pool import ConnectionPoolSettings
from lateen.model.networking.destination import Destination, HTTPRouteDestination, RouteDestination
from lateen.model.networking.gateway import GatewayPort, Server
from lateen.model.networking.http_policy import Abort, CorsPolicy, Delay, HTTPRetry
from lateen.model.networking.http_route import HTTPDirectResponse, HTTPRedirect, HTTPRewrite, HTTPRoute, RegexRewrite
from lateen.model.networking.load_balancer import (
    LoadBalancerSettings,
    LocalityLoadBalancerSetting,
    ZoneAwareLoadBalancerSetting,
)
from lateen.model.networking.outlier_detection import OutlierDetection
from lateen.model.networking.server_tls import ServerTLSSettings
from lateen.model.networking.traffic_policy import TrafficPolicy
from lateen.model.telemetry.telemetry import AccessLogFilter
from lateen.parse import from_mapping
from lateen.parse.decode import messages, scalars
from lateen.parse.decode.context import Context
from lateen.parse.text.problem import Problem
from lateen.parse.validation import (
    client_tls,
    connection_pool,
    destination,
    durations,
    export_to,
    extension_provider,
    gateway,
    headers,
    http_policy,
    http_route,
    load_balancer,
    locality,
    mesh_config,
    mesh_networks,
    names,
    outlier_detection,
    proxy_defaults,
    server_tls,
    telemetry,
    traffic_policy,
)
from lateen.parse.validation.findings import Findings
from tests.conformance.report import Report

Case = Mapping[str, Any]
Verdict = tuple[list[str], list[str]]
"""Errors and warnings."""

ROUTING_FUNCTIONS = (
    "TestStrictValidateHTTPHeaderName",
    "TestValidateCORSPolicy",
    "TestValidateChainingVirtualService",
    "TestValidateConnectionPool",
    "TestValidateDelegateHTTPRoute",
    "TestValidateDestination",
    "TestValidateDestinationRule",
    "TestValidateGateway",
    "TestValidateHTTPDirectResponse",
    "TestValidateHTTPFaultInjectionAbort",
    "TestValidateHTTPFaultInjectionDelay",
    "TestValidateHTTPHeaderName",
    "TestValidateHTTPHeaderValue",
    "TestValidateHTTPRedirect",
    "TestValidateHTTPRetry",
    "TestValidateHTTPRewrite",
    "TestValidateHTTPRoute",
    "TestValidateHTTPStatus",
    "TestValidateLoadBalancer",
    "TestValidateLocalityLbSetting",
    "TestValidateOutlierDetection",
    "TestValidateRootHTTPRoute",
    "TestValidateRouteDestination",
    "TestValidateServer",
    "TestValidateServerPort",
    "TestValidateTLS",
    "TestValidateTlsOptions",
    "TestValidateTrafficPolicy",
    "TestValidateUriRegexRewrite",
    "TestValidateVirtualService",
    "TestValidateWildcardDomain",
    "TestValidateWildcardDomainForVirtualServiceBoundToGateway",
    "TestValidateZoneAwareLbSetting",
    "Test_validateExportTo",
)
"""The functions of the table that are about VirtualService, DestinationRule and Gateway."""


def validation(rows: Iterable[Mapping[str, Any]]) -> Report:
    """Rows of validation.json: the verdict, and the words where the row has some."""
    report = Report()
    for row in rows:
        name = f"{row['func']}[{row['index']}] {row['case'].get('name', '')}"
        if row.get("go_only"):
            report.skip("Go only: it tests a type that YAML cannot make")
        elif not row.get("closed"):
            report.skip("holds an unresolved Go value")
        else:
            report.judge(name, _judge(row))
    return report


def crd_validation(rows: Iterable[Mapping[str, Any]]) -> Report:
    """Rows of crd_validation.json: the verdict."""
    report = Report()
    for row in rows:
        addresses = (row["resource"].get("spec") or {}).get("addresses", ())
        if any(isinstance(address, dict) for address in addresses):
            report.skip("damaged when it was lifted: an IPv6 address became a map")
            continue
        _, diagnostics = from_mapping(row["resource"])
        errors = [str(d) for d in diagnostics if d.severity is Severity.ERROR]
        wrong = [f"valid is {not errors}, {errors}"] if bool(errors) == row["valid"] else []
        report.judge(f"{row['file']} {row['name']}", wrong)
    return report


def _judge(row: Mapping[str, Any]) -> list[str]:
    case = _resolved(row["case"])
    errors, warnings = _try(row, case)
    expect = row.get("expect") or {}
    valid = expect.get("valid")
    if valid is None:
        keys = ("ok", "Valid", "expected")
        value = next(case[key] for key in keys if key in case)
        valid = value is None if "expected" in case else value
    wrong = []
    if bool(valid) != (not errors):
        wrong.append(f"valid is {not errors}, not {valid}: {errors}")
    words = expect.get("error_contains")
    if isinstance(words, str) and words and not valid and not any(_says(error, words) for error in errors):
        wrong.append(f"no error says {words!r}: {errors}")
    words = expect.get("warning_contains")
    if isinstance(words, str) and words and not any(words in warning for warning in warnings):
        wrong.append(f"no warning says {words!r}: {warnings}")
    if expect.get("warning") is True and not warnings:
        wrong.append("no warning")
    return wrong


def _says(error: str, words: str) -> bool:
    """Whether a message has the words, or is ours for a value that is null."""
    return words in error or (error.endswith('"null"') and " nil" in words)


def _resolved(value: Any) -> Any:
    """Go expressions of the table that stand for plain values, and protobuf messages in Go's own form."""
    if isinstance(value, list):
        return [_resolved(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "$bytes_len" in value:
        return "a" * value["$bytes_len"]
    if "$repeat" in value:
        return value["$repeat"] * value["count"]
    if "specifier" in value:
        return {name.rstrip("_"): _resolved(part) for name, part in value["specifier"].items()}
    match value.get("$type"):
        case "structpb.Struct":
            return {key: _resolved(part) for key, part in value.get("Fields", {}).items()}
        case "structpb.Value":
            return _resolved(next(part for key, part in value["Kind"].items() if key != "$type"))
    return {key: _resolved(part) for key, part in value.items()}


def _try(row: Mapping[str, Any], case: Case) -> Verdict:
    if row["kind"]:
        return _whole(row["kind"], case)
    return _PARTS[row["func"]](case)


def _whole(kind: str, case: Case) -> Verdict:
    group, _, name = kind.partition(".")
    cls = KINDS[f"{group}.istio.io", name]
    metadata = {"name": case.get("configName") or "foo", "namespace": "bar"}
    if case.get("annotations"):
        metadata["annotations"] = case["annotations"]
    data = {"apiVersion": cls.TYPE.api_version, "kind": name, "metadata": metadata, "spec": case["in"]}
    _, diagnostics = from_mapping(data)
    return _verdict(diagnostics)


_SCHEMA_ONLY = {"too-short", "too-long", "too-many"}
"""Bounds that the custom resource definitions state and the webhook, which the table is about, does not."""


def _verdict(found: Iterable[Diagnostic | Problem]) -> Verdict:
    found = [problem for problem in found if problem.code not in _SCHEMA_ONLY]
    errors = [problem.message for problem in found if problem.severity is Severity.ERROR]
    return errors, [problem.message for problem in found if problem.severity is Severity.WARNING]


def _decoded(cls: type[Message], value: Any) -> tuple[Any, list[Problem]]:
    if value is None:
        return None, []
    context = Context()
    return messages.message(cls, value, None, context), context.problems


def _message(
    field: str, cls: type[Message], check: Callable[[Findings, str, Any], object]
) -> Callable[[Case], Verdict]:
    """A case that is one message."""

    def run(case: Case) -> Verdict:
        found, problems = _decoded(cls, case.get(field))
        findings = Findings()
        check(findings, "", found)
        return _verdict([*problems, *findings.problems])

    return run


def _text(field: str, check: Callable[[str], str | None]) -> Callable[[Case], Verdict]:
    """A case that is a text, which a check has something to say of or not."""

    def run(case: Case) -> Verdict:
        wrong = check(case.get(field) or "")
        return ([wrong] if wrong else []), []

    return run


def _duration(field: str, check: Callable[[Duration], str | None]) -> Callable[[Case], Verdict]:
    def run(case: Case) -> Verdict:
        wrong = check(scalars.duration(case[field]))
        return ([wrong] if wrong else []), []

    return run


def _server_port(case: Case) -> Verdict:
    port, problems = _decoded(GatewayPort, case.get("in"))
    findings = Findings()
    gateway.check_port(findings, "", port, case.get("bind") or "")
    return _verdict([*problems, *findings.problems])


def _http_route(is_delegate: bool) -> Callable[[Case], Verdict]:
    def check(findings: Findings, field: str, route: Any) -> None:
        http_route.check(findings, field, route, is_delegate)

    replay = _message("route", HTTPRoute, check)

    def run(case: Case) -> Verdict:
        """Istio skips nil pointers among the matches; no document can hold one."""
        route = dict(case["route"])
        route["match"] = [match for match in route.get("match") or () if match is not None]
        return replay({"route": route})

    return run


def _destinations(cls: type[Message]) -> Callable[[Case], Verdict]:
    def run(case: Case) -> Verdict:
        found, problems = [], []
        for route in case["routes"]:
            decoded, wrong = _decoded(cls, route)
            if decoded is None:
                problems.append(Problem("wrong-type", "must be of type object"))
            else:
                found.append(decoded)
                problems += wrong
        findings = Findings()
        destination.check_weighted(findings, "", tuple(found))
        return _verdict([*problems, *findings.problems])

    return run


def _export_to(case: Case) -> Verdict:
    findings = Findings()
    export_to.check(
        findings,
        case["namespace"],
        tuple(case.get("exportTo") or ()),
        bool(case.get("isServiceEntry")),
        bool(case.get("isDestinationRuleWithSelector")),
    )
    return _verdict(findings.problems)


def _locality(cls: type[Message], check: Callable[[Findings, str, Any, Any], None]) -> Callable[[Case], Verdict]:
    def run(case: Case) -> Verdict:
        setting, problems = _decoded(cls, case.get("in"))
        outlier, _ = _decoded(OutlierDetection, case.get("outlier"))
        findings = Findings()
        check(findings, "", setting, outlier)
        return _verdict([*problems, *findings.problems])

    return run


def _localities(case: Case) -> Verdict:
    wrong = locality.localities(case["localities"])
    return ([wrong] if wrong else []), []


def _gateway_domain(case: Case) -> Verdict:
    wrong = names.gateway_domain(case["in"], bool(case.get("sni")))
    return ([wrong] if wrong else []), []


def _auth_policy(case: Case) -> Verdict:
    members = list(AuthenticationPolicy)
    number = case["policy"]
    wrong = proxy_defaults.auth_policy(members[number]) if number < 2 else "unrecognized control plane auth policy"
    return ([wrong] if wrong else []), []


def _proxy_defaults(case: Case) -> Verdict:
    """The table gives every field; Istio's defaults, which the model has, are not to fill what a row leaves out."""
    empty = {
        "configPath": "",
        "binaryPath": "",
        "discoveryAddress": "",
        "proxyAdminPort": 0,
        "statusPort": 0,
        "drainDuration": "0s",
        "controlPlaneAuthPolicy": "NONE",
        "serviceCluster": "",
    }
    return _message("in", ProxyDefaults, proxy_defaults.check)({"in": {**empty, **(case["in"] or {})}})


def _service_settings(case: Case) -> Verdict:
    findings = Findings()
    mesh_config.check_hosts(findings, "", tuple(case["hosts"]))
    return _verdict(findings.problems)


def _networks(case: Case) -> Verdict:
    """Go's form of a oneof stands one level deeper, and Go's name of the port is in capitals."""
    networks = {
        name: {
            "endpoints": [part.get("Ne", {}) for part in network.get("endpoints") or ()],
            "gateways": [{**part.get("Gw", {}), "port": part.get("Port", 0)} for part in network.get("gateways") or ()],
        }
        for name, network in case["mn"].get("networks", {}).items()
    }
    found, problems = _decoded(MeshNetworks, {"networks": networks})
    findings = Findings()
    mesh_networks.check(findings, found)
    return _verdict([*problems, *findings.problems])


def _mesh_tls(case: Case) -> Verdict:
    found, problems = _decoded(MeshConfig, case.get("in") or case.get("mesh"))
    findings = Findings()
    mesh_config.check(findings, found)
    return _verdict([*problems, *findings.problems])


def _rewrite(case: Case) -> Verdict:
    return _message("in", RegexRewrite, http_route.check_regex_rewrite)(case)


def _status(case: Case) -> Verdict:
    wrong = http_policy.http_status(case["in"])
    return ([wrong] if wrong else []), []


def _provider(field: str, cls: type[Message]) -> Callable[[Case], Verdict]:
    return _message(field, cls, extension_provider.check)


_PARTS: dict[str, Callable[[Case], Verdict]] = {
    "TestServiceSettings": _service_settings,
    "TestStrictValidateHTTPHeaderName": _text("name", headers.strict_name),
    "TestValidateHTTPHeaderName": _text("name", headers.match_name),
    "TestValidateHTTPHeaderValue": _text("input", headers.value),
    "TestValidateCORSPolicy": _message("in", CorsPolicy, http_policy.check_cors),
    "TestValidateHTTPStatus": _status,
    "TestValidateHTTPFaultInjectionAbort": _message("in", Abort, http_policy.check_abort),
    "TestValidateHTTPFaultInjectionDelay": _message("in", Delay, http_policy.check_delay),
    "TestValidateHTTPRetry": _message("in", HTTPRetry, http_policy.check_retries),
    "TestValidateHTTPRewrite": _message("in", HTTPRewrite, http_route.check_rewrite),
    "TestValidateUriRegexRewrite": _rewrite,
    "TestValidateHTTPRedirect": _message("redirect", HTTPRedirect, http_route.check_redirect),
    "TestValidateHTTPDirectResponse": _message("directResponse", HTTPDirectResponse, http_route.check_direct_response),
    "TestValidateHTTPRoute": _http_route(False),
    "TestValidateRootHTTPRoute": _http_route(False),
    "TestValidateDelegateHTTPRoute": _http_route(True),
    "TestValidateDestination": _message("destination", Destination, destination.check),
    "TestValidateRouteDestination": _destinations(RouteDestination),
    "TestValidateHTTPRouteDestination": _destinations(HTTPRouteDestination),
    "TestValidateChainingVirtualService": lambda case: _whole("networking.VirtualService", case),
    "TestValidateTrafficPolicy": _message("in", TrafficPolicy, traffic_policy.check),
    "TestValidateConnectionPool": _message("in", ConnectionPoolSettings, connection_pool.check),
    "TestValidateLoadBalancer": _message(
        "in", LoadBalancerSettings, lambda findings, field, found: load_balancer.check(findings, field, found, None)
    ),
    "TestValidateOutlierDetection": _message("in", OutlierDetection, outlier_detection.check),
    "TestValidateLocalityLbSetting": _locality(LocalityLoadBalancerSetting, locality.check),
    "TestValidateZoneAwareLbSetting": _locality(ZoneAwareLoadBalancerSetting, locality.check_zone_aware),
    "TestValidateLocalities": _localities,
    "TestValidateTLS": _message("tls", ClientTLSSettings, client_tls.check),
    "TestValidateTlsOptions": _message("in", ServerTLSSettings, server_tls.check),
    "TestValidateServer": _message("in", Server, gateway.check_server),
    "TestValidateServerPort": _server_port,
    "TestValidatePortName": _text("name", names.port_name),
    "TestValidateFQDN": _text("fqdn", names.fqdn),
    "TestValidateWildcardDomain": _text("in", names.wildcard_domain),
    "TestValidateWildcardDomainForVirtualServiceBoundToGateway": _gateway_domain,
    "TestValidationIPAddress": _text("addr", names.ip),
    "TestValidationIPSubnet": _text("subnet", names.subnet),
    "Test_validateExportTo": _export_to,
    "TestValidateTelemetryFilter": _message("filter", AccessLogFilter, telemetry.check_filter),
    "TestValidateTrustDomain": _text("in", mesh_config.trust_domain),
    "TestValidateDuration": _duration("duration", durations.positive),
    "TestValidateDrainDuration": _duration("Drain", durations.drain),
    "TestValidateConnectTimeout": _duration("duration", mesh_config.connect_timeout),
    "TestValidateProtocolDetectionTimeout": _duration("duration", mesh_config.detection_timeout),
    "TestValidateControlPlaneAuthPolicy": _auth_policy,
    "TestValidateMeshConfigProxyConfig": _proxy_defaults,
    "TestValidateMeshNetworks": _networks,
    "TestValidateMeshConfig": _mesh_tls,
    "TestValidateMeshConfigDefaultTrafficPolicy": _message(
        "dtp", DefaultTrafficPolicy, mesh_config.check_default_policy
    ),
    "TestValidateMeshConfigDefaultInboundHTTPRetryPolicy": _message(
        "retry", HTTPRetry, mesh_config.check_inbound_retries
    ),
    "TestValidateConnectionSettings": _message("cs", ConnectionSettings, proxy_defaults.check_connections),
    "TestValidateExtensionProviderService": _text("service", extension_provider.service),
    "TestValidateExtensionProviderTracingZipkin": _provider("config", ZipkinTracingProvider),
    "TestValidateExtensionProviderTracingLightstep": _provider("config", LightstepTracingProvider),
    "TestValidateExtensionProviderTracingDatadog": _provider("config", DatadogTracingProvider),
    "TestValidateExtensionProviderTracingOpenCensusAgent": _provider("config", OpenCensusAgentTracingProvider),
    "TestValidateExtensionProviderTracingSkyWalking": _provider("config", SkyWalkingTracingProvider),
    "TestValidateExtensionProviderTracingOpentelemetry": _provider("provider", OpenTelemetryTracingProvider),
    "TestValidateExtensionProviderEnvoyOtelAls": _provider("provider", EnvoyOpenTelemetryLogProvider),
    "TestValidateExtensionProviderEnvoyTCPAls": _provider("provider", EnvoyTcpGrpcV3LogProvider),
    "TestValidateExtensionProviderEnvoyHTTPAls": _provider("provider", EnvoyHttpGrpcV3LogProvider),
    "TestValidateExtensionProviderEnvoyExtAuthzHTTP": _provider("config", EnvoyExternalAuthorizationHttpProvider),
    "TestValidateExtensionProviderEnvoyExtAuthzGRPC": _provider("config", EnvoyExternalAuthorizationGrpcProvider),
}
"""What a function of the table that tests a part of a kind is here."""
