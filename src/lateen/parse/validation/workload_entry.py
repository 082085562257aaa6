# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a WorkloadEntry, by itself or as an endpoint of a ServiceEntry."""

from collections.abc import Set
from typing import Any

from lateen.model.networking.workload_entry import WorkloadEntry, WorkloadEntrySpec
from lateen.parse.text.field_path import key
from lateen.parse.validation import names
from lateen.parse.validation.findings import Findings, quoted


def check(findings: Findings, found: WorkloadEntry) -> None:
    """A WorkloadEntry."""
    check_entry(findings, "spec", found.spec, None, may_be_name=True)


def check_entry(
    findings: Findings, field: str, entry: WorkloadEntrySpec, service_ports: Set[Any] | None, may_be_name: bool
) -> None:
    """One endpoint. `service_ports` are the names of the ports of its ServiceEntry; names need DNS resolution."""
    address = entry.address
    place = f"{field}.address"
    if not address:
        if not entry.network:
            findings.error(place, "address is required", "add the address of the workload")
            return
        message = f"address is unset with network {quoted(entry.network)}"
        findings.warn(place, message, "add the address of the workload")
    is_socket = address.startswith(names.UNIX_PREFIX)
    if is_socket:
        findings.expect(place, names.unix_address(address.removeprefix(names.UNIX_PREFIX)))
        if entry.ports:
            message = f"unix endpoint {address} must not include ports"
            findings.error(f"{field}.ports", message, "remove them")
    elif address and not names.is_ip(address):
        if not may_be_name:
            message = f"endpoint address {quoted(address)} is not a valid IP address"
            findings.error(place, message, "write an IP address, or use resolution: DNS")
        elif names.fqdn(address) is not None:
            message = f"endpoint address {quoted(address)} is not a valid FQDN or an IP address"
            findings.error(place, message, "write a name or an IP address, without port")
    check_ports(findings, field, entry, service_ports)
    names.check_labels(findings, f"{field}.labels", entry.labels)
    if is_socket and service_ports is not None and len(service_ports) != 1:
        message = "exactly 1 service port required for unix endpoints"
        findings.error(place, message, "split the ServiceEntry by port")


def check_ports(findings: Findings, field: str, entry: WorkloadEntrySpec, service_ports: Set[Any] | None) -> None:
    """The ports of an endpoint."""
    for name, port in entry.ports.items():
        place = f"{field}.ports{key(name)}"
        if service_ports is not None and name not in service_ports:
            message = f"endpoint port {port} is not defined by the service entry"
            findings.error(place, message, f"use one of the port names {', '.join(sorted(service_ports))}")
        findings.expect(place, names.port_name(name), "use letters, digits and dashes")
        findings.expect(place, names.port(port))
