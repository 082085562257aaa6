# SPDX-License-Identifier: Apache-2.0
"""EgressRule (config.istio.io/v1alpha2): a ServiceEntry, and DestinationRules where the proxy began TLS.

With the protocol https the application spoke plain HTTP to the port, and the proxy began TLS.
"""

import ipaddress
from typing import Any, ClassVar, Final

from lateen.model.message import Message
from lateen.model.resource import Resource, ResourceType
from lateen.model.schema import Int32
from lateen.parse.legacy.service_reference import IstioService
from lateen.parse.text.problem import Problem

API_VERSION: Final = "networking.istio.io/v1"
_TLS: Final = "https"
EVERYWHERE: Final = ("*.com", "*.org", "*.net", "*.edu", "*.gov", "*.io")
"""What stands for `*`, which is no host of a ServiceEntry: the top-level domains of most services."""


class EgressPort(Message, frozen=True, kw_only=True):
    """A port of the external service."""

    port: Int32 = 0
    protocol: str = ""
    """http, https, http2, grpc, tcp or mongo."""


class EgressRuleSpec(Message, frozen=True, kw_only=True):
    """An external service that workloads may call."""

    destination: IstioService = IstioService()
    ports: tuple[EgressPort, ...] = ()
    use_egress_proxy: bool = False


class EgressRule(Resource, frozen=True, kw_only=True):
    """An external service that workloads may call."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="config.istio.io", kind="EgressRule", plural="egressrules", versions=("v1alpha2",)
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: EgressRuleSpec = EgressRuleSpec()


def convert(rule: EgressRule, problems: list[Problem]) -> list[dict[str, Any]]:
    """The rule as modern documents."""
    target = rule.spec.destination.service
    if not target:
        message = "destination.service is required"
        problems.append(Problem("required", message, "add the domain of the service", "spec.destination.service"))
    if not rule.spec.ports:
        problems.append(Problem("required", "ports are required", "add ports", "spec.ports"))
    if rule.spec.use_egress_proxy:
        message = "useEgressProxy is no longer supported"
        hint = "route the host through an egress gateway, with a Gateway and a VirtualService"
        problems.append(Problem("legacy-unsupported", message, hint, "spec.useEgressProxy"))
    if not target or not rule.spec.ports or rule.spec.use_egress_proxy:
        return []
    hosts = EVERYWHERE if target == "*" else (target,)
    metadata = {"name": rule.name, "namespace": rule.namespace}
    documents = [
        {"apiVersion": API_VERSION, "kind": "ServiceEntry", "metadata": metadata, "spec": _service(rule, target, hosts)}
    ]
    originating = [port.port for port in rule.spec.ports if port.protocol.lower() == _TLS]
    for number, host in enumerate(hosts if originating and not _is_address(target) else ()):
        name = rule.name if number == 0 else f"{rule.name}-{number + 1}"
        documents.append(_origination(host, originating, {**metadata, "name": name}))
    return documents


def _service(rule: EgressRule, target: str, hosts: tuple[str, ...]) -> dict[str, Any]:
    spec: dict[str, Any] = {"hosts": list(hosts), "location": "MESH_EXTERNAL"}
    if _is_address(target):
        spec["hosts"] = [f"{rule.name}.{rule.namespace}.egress"]
        spec["addresses"] = [target]
    spec["ports"] = [_port(port) for port in rule.spec.ports]
    spec["resolution"] = "NONE" if "*" in target or _is_address(target) else "DNS"
    return spec


def _port(port: EgressPort) -> dict[str, Any]:
    protocol = port.protocol.lower() or "tcp"
    spoken = "http" if protocol == _TLS else protocol
    return {"number": port.port, "name": f"{spoken}-{port.port}", "protocol": spoken.upper()}


def _origination(host: str, ports: list[int], metadata: dict[str, str]) -> dict[str, Any]:
    settings = [{"port": {"number": port}, "tls": {"mode": "SIMPLE"}} for port in ports]
    spec = {"host": host, "trafficPolicy": {"portLevelSettings": settings}}
    return {"apiVersion": API_VERSION, "kind": "DestinationRule", "metadata": metadata, "spec": spec}


def _is_address(target: str) -> bool:
    try:
        ipaddress.ip_network(target, strict=False)
    except ValueError:
        return False
    return True
