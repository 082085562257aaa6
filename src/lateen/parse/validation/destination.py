# SPDX-License-Identifier: Apache-2.0
"""Checks of the destinations of routes and of their weights."""

from collections.abc import Sequence

from lateen.model.networking.destination import Destination, HTTPRouteDestination, RouteDestination
from lateen.parse.validation import headers, names
from lateen.parse.validation.findings import Findings


def subset_name(name: str) -> str | None:
    """The name of a subset."""
    if not name:
        return "subset name cannot be empty"
    return None if names.is_label(name) else f"subset name is invalid: {name}"


def check(findings: Findings, field: str, destination: Destination | None) -> None:
    """A destination, if there is one."""
    if destination is None:
        return
    host = f"{field}.host"
    if destination.host == "*":
        findings.error(host, "invalid destination host *", "name a service")
    else:
        findings.expect(host, names.wildcard_domain(destination.host), "name a service, without scheme and port")
    if destination.subset:
        findings.expect(f"{field}.subset", subset_name(destination.subset))
    if destination.port is not None:
        findings.expect(f"{field}.port.number", names.port(destination.port.number))


def check_weighted(findings: Findings, field: str, routes: Sequence[HTTPRouteDestination | RouteDestination]) -> None:
    """The destinations of a route."""
    for index, route in enumerate(routes):
        place = f"{field}[{index}]"
        if route.destination is None:
            findings.error(f"{place}.destination", "destination is required", "add destination.host")
        if isinstance(route, HTTPRouteDestination):
            headers.check(findings, f"{place}.headers", route.headers)
        check(findings, f"{place}.destination", route.destination)
        if route.weight < 0:
            findings.error(f"{place}.weight", f"weight {route.weight} < 0", "write 0 for no requests")
    if len(routes) > 1 and sum(route.weight for route in routes) == 0:
        hint = "give each destination a weight, such as 50 and 50"
        findings.error(field, "total destination weight = 0", hint, "destination-weight")
