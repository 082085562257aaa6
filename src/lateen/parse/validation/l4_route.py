# SPDX-License-Identifier: Apache-2.0
"""Checks of the TCP and TLS routes of a VirtualService."""

from typing import Final

from lateen.model.networking.l4_route import L4MatchAttributes, TCPRoute, TLSMatchAttributes, TLSRoute
from lateen.parse.validation import destination, gateway_name, names
from lateen.parse.validation.findings import Findings, quoted

_SHOWN: Final = 20
"""Hosts that a message names."""


def check_tcp(findings: Findings, field: str, route: TCPRoute) -> None:
    """A TCP route."""
    for index, match in enumerate(route.match):
        _check_match(findings, f"{field}.match[{index}]", match)
    if not route.route:
        findings.error(field, "TCP route is required", "add route with a destination")
    destination.check_weighted(findings, f"{field}.route", route.route)


def check_tls(
    findings: Findings, field: str, route: TLSRoute, hosts: tuple[str, ...], cover: names.HostCover, on_gateway: bool
) -> None:
    """A TLS route of a VirtualService with hosts; `on_gateway` when it has gateways and `mesh` is not among them."""
    if not route.match:
        message = "TLS route must have at least one match condition"
        findings.error(field, message, "add match with sniHosts and port")
    for index, match in enumerate(route.match):
        place = f"{field}.match[{index}]"
        if not match.sni_hosts:
            findings.error(place, "TLS match must have at least one SNI host", "add sniHosts")
        for number, host in enumerate(match.sni_hosts):
            _check_sni(findings, f"{place}.sniHosts[{number}]", host, hosts, cover, on_gateway)
        _check_match(findings, place, match)
    if not route.route:
        findings.error(field, "TLS route is required", "add route with a destination")
    destination.check_weighted(findings, f"{field}.route", route.route)


def _check_match(findings: Findings, field: str, match: L4MatchAttributes | TLSMatchAttributes) -> None:
    for index, subnet in enumerate(match.destination_subnets):
        findings.expect(f"{field}.destinationSubnets[{index}]", names.subnet(subnet), "write 10.1.0.0/16 or an address")
    if match.port:
        findings.expect(f"{field}.port", names.port(match.port))
    names.check_labels(findings, f"{field}.sourceLabels", match.source_labels)
    gateway_name.check(findings, f"{field}.gateways", match.gateways)


def _check_sni(
    findings: Findings, field: str, host: str, hosts: tuple[str, ...], cover: names.HostCover, on_gateway: bool
) -> None:
    wrong = names.gateway_domain(host, sni=True) if on_gateway else names.wildcard_domain(host)
    if wrong is not None:
        if names.is_ip(host):
            message = f"using an IP address ({quoted(host)}) goes against SNI spec and most clients do not support this"
            findings.warn(field, message, "name a host, or use a tcp route")
        else:
            findings.error(field, wrong)
    elif not cover.covers(host):
        findings.error(
            field,
            f"SNI host {quoted(host)} is not a compatible subset of any of the virtual service hosts: "
            f"[{', '.join(hosts[:_SHOWN])}{', …' if len(hosts) > _SHOWN else ''}]",
            "add it to hosts, or use a name that hosts cover",
        )
