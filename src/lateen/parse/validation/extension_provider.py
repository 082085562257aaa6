# SPDX-License-Identifier: Apache-2.0
"""What Istio checks of the extension providers of the mesh configuration."""

import re
from typing import Any, Final

from lateen.model.mesh.extension_provider import (
    EnvoyExternalAuthorizationGrpcProvider,
    EnvoyExternalAuthorizationHttpProvider,
    ExtensionProvider,
    LightstepTracingProvider,
    OpenTelemetryTracingProvider,
)
from lateen.parse.validation import names
from lateen.parse.validation.findings import Findings, quoted

_STATUSES: Final = frozenset(
    {
        *(0, 100, 102, 103),
        *range(200, 209),
        *(226, 300, 301, 302, 303, 304, 305, 307, 308),
        *range(400, 418),
        *range(421, 425),
        *(426, 428, 429, 431),
        *range(500, 509),
        *(510, 511),
    }
)
"""HTTP statuses that Envoy has a name for."""


def check_all(findings: Findings, field: str, providers: tuple[ExtensionProvider, ...]) -> None:
    """Extension providers. Istio only warns of a bad one: it does no harm until it is used."""
    seen: set[str] = set()
    for index, provider in enumerate(providers):
        inner = Findings()
        place = f"{field}[{index}]"
        if not provider.name:
            inner.error(f"{place}.name", "empty extension provider name", "add name")
        elif provider.name in seen:
            inner.error(f"{place}.name", f"duplicate extension provider name {provider.name}", "give it another name")
        seen.add(provider.name)
        kinds = [name for name in ExtensionProvider.ONEOFS[0] if getattr(provider, name) is not None]
        if not kinds:
            inner.error(place, "unsupported provider", "add one of the kinds of provider")
        for kind in kinds:
            check(inner, f"{place}.{kind}", getattr(provider, kind))
        for problem in inner.problems:
            findings.warn(problem.field, f"invalid extension provider {provider.name}: {problem.message}", problem.hint)


def check(findings: Findings, field: str, settings: Any) -> None:
    """One kind of provider: those that are services have a service and a port."""
    if hasattr(settings, "service"):
        findings.expect(f"{field}.service", service(settings.service), "write a name without port")
        wrong = names.port(settings.port)
        if wrong is not None:
            findings.error(f"{field}.port", f"invalid service port: {wrong}", "add port")
    match settings:
        case EnvoyExternalAuthorizationHttpProvider():
            findings.expect(f"{field}.statusOnError", status_on_error(settings.status_on_error))
            if settings.path_prefix and not settings.path_prefix.startswith("/"):
                message = f"pathPrefix should begin with `/` but found {quoted(settings.path_prefix)}"
                findings.error(f"{field}.pathPrefix", message, "begin it with /")
            if re.search(r"%(?![0-9A-Fa-f]{2})|[\x00-\x1f\x7f]", settings.path_prefix):
                findings.error(f"{field}.pathPrefix", f"invalid pathPrefix {settings.path_prefix}")
        case EnvoyExternalAuthorizationGrpcProvider():
            findings.expect(f"{field}.statusOnError", status_on_error(settings.status_on_error))
        case LightstepTracingProvider() if not settings.access_token:
            findings.error(f"{field}.accessToken", "access token is required", "add accessToken")
        case OpenTelemetryTracingProvider() if settings.grpc is not None and settings.http is not None:
            message = "OpenTelemetryTracingProvider cannot specify both grpc and http"
            findings.error(field, message, "keep one of them")


def service(name: str) -> str | None:
    """A host, or namespace/host."""
    if not name:
        return "service must not be empty"
    if "/" in name:
        probe = Findings()
        names.check_namespaced_host(probe, "", name, is_gateway=False)
        return probe.problems[0].message if probe.problems else None
    if names.fqdn(name) is None or names.is_ip(name):
        return None
    return f"invalid service fmt {name}: {names.ip(name)}"


def status_on_error(status: str) -> str | None:
    """The HTTP status of the answer when an authorizer fails."""
    if not status:
        return None
    if not re.fullmatch("[-+]?[0-9]{1,9}", status, re.ASCII):
        return f"invalid statusOnError value {status}"
    return None if int(status) in _STATUSES else f"unsupported statusOnError value {status}"
