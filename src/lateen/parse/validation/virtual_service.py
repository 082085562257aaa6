# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a VirtualService."""

from lateen.model.networking.virtual_service import VirtualService, VirtualServiceSpec
from lateen.parse.text.field_path import key
from lateen.parse.validation import export_to, gateway_name, http_route, l4_route, names, unreachable_route
from lateen.parse.validation.findings import Findings

MESH = "mesh"
"""The name in `gateways` that stands for the sidecars."""


def check(findings: Findings, found: VirtualService) -> None:
    """A VirtualService."""
    spec = found.spec
    on_gateway = bool(spec.gateways) and MESH not in spec.gateways
    is_delegate = not spec.hosts
    if is_delegate:
        _check_delegate(findings, spec)
    gateway_name.check(findings, "spec.gateways", spec.gateways)
    if not on_gateway:
        _check_claims(findings, spec)
    _check_hosts(findings, spec, on_gateway)
    if not spec.http and not spec.tcp and not spec.tls:
        findings.error("spec", "http, tcp or tls must be provided in virtual service", "add http, tls or tcp routes")
    for index, route in enumerate(spec.http):
        http_route.check(findings, f"spec.http[{index}]", route, is_delegate)
    cover = names.HostCover(spec.hosts)
    for index, tls in enumerate(spec.tls):
        l4_route.check_tls(findings, f"spec.tls[{index}]", tls, spec.hosts, cover, on_gateway)
    for index, tcp in enumerate(spec.tcp):
        l4_route.check_tcp(findings, f"spec.tcp[{index}]", tcp)
    export_to.check(findings, found.metadata.namespace, spec.export_to)
    unreachable_route.check(findings, spec)


def _check_delegate(findings: Findings, spec: VirtualServiceSpec) -> None:
    hint = "add hosts, unless it is meant as a delegate"
    if spec.gateways:
        findings.error("spec.gateways", "delegate virtual service must have no gateways specified", hint)
    if spec.tls:
        findings.error("spec.tls", "delegate virtual service must have no tls route specified", hint)
    if spec.tcp:
        findings.error("spec.tcp", "delegate virtual service must have no tcp route specified", hint)


def _check_claims(findings: Findings, spec: VirtualServiceSpec) -> None:
    for index, route in enumerate(spec.http):
        for number, match in enumerate(route.match):
            for name, conditions in (("headers", match.headers), ("withoutHeaders", match.without_headers)):
                for header in conditions:
                    if names.is_jwt_claim(header):
                        message = (
                            f"JWT claim based routing (key: {header}) is only supported for gateway, "
                            f"found no gateways: [{' '.join(spec.gateways)}]"
                        )
                        place = f"spec.http[{index}].match[{number}].{name}{key(header)}"
                        findings.error(place, message, "route by a header that the workload can see")


def _check_hosts(findings: Findings, spec: VirtualServiceSpec, on_gateway: bool) -> None:
    has_sni = any(match.sni_hosts for route in spec.tls for match in route.match)
    sound = True
    for index, host in enumerate(spec.hosts):
        place = f"spec.hosts[{index}]"
        wrong = names.gateway_domain(host, has_sni) if on_gateway else names.wildcard_domain(host)
        if wrong is not None:
            if not names.is_ip(host):
                findings.error(place, wrong, "write a name without scheme, port and path")
                sound = False
        elif not on_gateway and host == "*":
            message = "wildcard host * is not allowed for virtual services bound to the mesh gateway"
            findings.error(place, message, "name the services, or the gateways")
            sound = False
    if sound:
        cover = names.HostCover(spec.hosts)
        pairs = {
            (min(index, other), max(index, other))
            for index, host in enumerate(spec.hosts)
            for other in cover.overlaps(host, index)
        }
        for first, second in sorted(pairs):
            message = f"duplicate hosts in virtual service: {spec.hosts[first]} & {spec.hosts[second]}"
            findings.error(f"spec.hosts[{second}]", message, "keep one of them")
