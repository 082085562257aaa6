# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a ServiceEntry."""

from typing import Final

from lateen.model.networking.service_entry import Resolution, ServiceEntry, ServiceEntrySpec
from lateen.parse.validation import export_to, names, selector, workload_entry
from lateen.parse.validation.findings import Findings, quoted

AUTO_ALLOCATION_LABEL: Final = "networking.istio.io/enable-autoallocate-ip"


def check(findings: Findings, found: ServiceEntry) -> None:
    """A ServiceEntry."""
    spec = found.spec
    if not selector.check_labels(findings, spec.workload_selector, "service entry"):
        return
    if spec.workload_selector is not None and spec.endpoints:
        message = "only one of WorkloadSelector or Endpoints is allowed in Service Entry"
        findings.error("spec", message, "keep one of them")
    _check_hosts(findings, spec)
    _check_addresses(findings, spec)
    _check_ports(findings, found)
    match spec.resolution:
        case Resolution.NONE:
            _check_without_resolution(findings, spec)
        case Resolution.STATIC:
            ports = {port.name for port in spec.ports}
            for index, endpoint in enumerate(spec.endpoints):
                place = f"spec.endpoints[{index}]"
                workload_entry.check_entry(findings, place, endpoint, ports, may_be_name=False)
        case Resolution.DNS | Resolution.DNS_ROUND_ROBIN:
            _check_dns(findings, spec)
        case Resolution.DYNAMIC_DNS:
            _check_dynamic_dns(findings, spec)
    is_ambiguous = any(not names.is_http(port.protocol) and not names.is_tls(port.protocol) for port in spec.ports)
    if spec.resolution is not Resolution.NONE and len(spec.hosts) > 1 and is_ambiguous:
        message = "multiple hosts provided with non-HTTP, non-TLS ports"
        findings.error(
            "spec.hosts", message, "write a ServiceEntry for each host: TCP carries no name to tell them apart"
        )
    export_to.check(findings, found.metadata.namespace, spec.export_to, may_be_none=True)


def _check_hosts(findings: Findings, spec: ServiceEntrySpec) -> None:
    if not spec.hosts:
        findings.error("spec.hosts", "service entry must have at least one host", "add hosts")
    for index, host in enumerate(spec.hosts):
        place = f"spec.hosts[{index}]"
        if host == "*":
            findings.error(place, "invalid host *", "name a domain, such as *.example.com")
            continue
        findings.expect(place, names.wildcard_domain(host), "write a name without scheme, port and path")
        partial = names.partial_wildcard(host)
        if partial is not None:
            findings.warn(place, partial, "a wildcard must be the whole first part: *.example.com")


def _check_addresses(findings: Findings, spec: ServiceEntrySpec) -> None:
    for index, address in enumerate(spec.addresses):
        findings.expect(f"spec.addresses[{index}]", names.subnet(address), "write an address, or a range as 10.0.0.0/8")
    has_range = any("/" in address for address in spec.addresses)
    if has_range and spec.resolution not in (Resolution.NONE, Resolution.STATIC):
        message = "CIDR addresses are allowed only for NONE/STATIC resolution types"
        findings.error("spec.addresses", message, "write single addresses, or use resolution: NONE")


def _has_auto_allocation(found: ServiceEntry) -> bool:
    """Whether an address is given to the entry by the control plane."""
    is_off = found.metadata.labels.get(AUTO_ALLOCATION_LABEL, "").lower() == "false"
    return not is_off and not found.spec.addresses and found.spec.resolution is not Resolution.NONE


def _check_ports(findings: Findings, found: ServiceEntry) -> None:
    spec = found.spec
    seen_names: set[str] = set()
    seen_numbers: set[int] = set()
    needs_address = not spec.addresses and not _has_auto_allocation(found)
    for index, port in enumerate(spec.ports):
        place = f"spec.ports[{index}]"
        if port.name in seen_names:
            message = f"service entry port name {quoted(port.name)} already defined"
            findings.error(f"{place}.name", message, "give it another name")
        if port.number in seen_numbers:
            message = f"service entry port {port.number} already defined"
            findings.error(f"{place}.number", message, "remove one of them")
        seen_names.add(port.name)
        seen_numbers.add(port.number)
        if port.target_port:
            findings.expect(f"{place}.targetPort", names.port(port.target_port))
        if needs_address and port.protocol in ("", "TCP"):
            findings.warn(
                f"{place}.protocol",
                "addresses are required for ports serving TCP (or unset) protocol "
                "when IP Autoallocation is not enabled",
                "add addresses, or a protocol that carries a name (HTTP, TLS)",
            )
        findings.expect(f"{place}.name", names.port_name(port.name), f"add a name, such as {_port_name(port.protocol)}")
        findings.expect(
            f"{place}.protocol", names.protocol(port.protocol), "use HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP or TLS"
        )
        findings.expect(f"{place}.number", names.port(port.number))


def _port_name(protocol: str) -> str:
    return protocol.lower() or "tcp"


def _check_without_resolution(findings: Findings, spec: ServiceEntrySpec) -> None:
    if spec.endpoints:
        message = "no endpoints should be provided for resolution type none"
        findings.error("spec.endpoints", message, "use resolution: STATIC for addresses, DNS for names")
    if spec.workload_selector is not None:
        message = "workloadSelector should not be set when resolution mode is NONE"
        findings.warn("spec.workloadSelector", message, "use resolution: STATIC")


def _check_dns(findings: Findings, spec: ServiceEntrySpec) -> None:
    mode = spec.resolution.value
    if not spec.endpoints and any(names.fqdn(host) is not None for host in spec.hosts):
        message = f"hosts must be FQDN if no endpoints are provided for resolution mode {mode}"
        findings.error("spec.hosts", message, "add endpoints to resolve, or use resolution: NONE or DYNAMIC_DNS")
    if spec.resolution is Resolution.DNS_ROUND_ROBIN and len(spec.endpoints) > 1:
        message = f"there must only be 0 or 1 endpoint for resolution mode {mode}"
        findings.error("spec.endpoints", message, "keep one, or use resolution: DNS")
    ports = {port.name for port in spec.ports}
    for index, endpoint in enumerate(spec.endpoints):
        place = f"spec.endpoints[{index}]"
        if not names.is_ip(endpoint.address) and names.fqdn(endpoint.address) is not None:
            message = f"endpoint address {quoted(endpoint.address)} is not a valid FQDN or an IP address"
            findings.error(f"{place}.address", message, "write a name or an IP address, without port")
        names.check_labels(findings, f"{place}.labels", endpoint.labels)
        workload_entry.check_ports(findings, place, endpoint, ports)
    if spec.workload_selector is not None:
        message = f"workloadSelector should not be set when resolution mode is {mode}"
        findings.warn("spec.workloadSelector", message, "use resolution: STATIC")
    if spec.addresses and len(spec.hosts) > 1 and any(names.is_tcp(port.protocol) for port in spec.ports):
        message = "service entry can not have more than one host specified simultaneously with address and tcp port"
        findings.warn("spec.hosts", message, "write a ServiceEntry for each host")


def _check_dynamic_dns(findings: Findings, spec: ServiceEntrySpec) -> None:
    if any(not host.startswith("*") for host in spec.hosts):
        message = "hosts must be wildcard for resolution mode DYNAMIC_DNS"
        findings.error("spec.hosts", message, "use resolution: DNS for a name in full")
    if spec.endpoints:
        message = "no endpoints should be provided for resolution type DYNAMIC_DNS"
        findings.error("spec.endpoints", message, "remove them, or use resolution: DNS")
    if spec.addresses:
        message = "no addresses should be provided for resolution type DYNAMIC_DNS"
        findings.error("spec.addresses", message, "remove them")
    if any(names.is_tcp(port.protocol) and not names.is_tls(port.protocol) for port in spec.ports):
        message = "DYNAMIC_DNS resolution only supports HTTP and TLS ports"
        findings.error("spec.ports", message, "TCP carries no name to resolve; use resolution: NONE")
    if spec.workload_selector is not None:
        message = "workloadSelector should not be set when resolution mode is DYNAMIC_DNS"
        findings.warn("spec.workloadSelector", message, "use resolution: STATIC")
