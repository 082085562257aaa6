# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a Sidecar."""

from typing import Final

from lateen.model.networking.server_tls import ServerTLSMode, ServerTLSSettings
from lateen.model.networking.sidecar import (
    CaptureMode,
    IstioEgressListener,
    IstioIngressListener,
    OutboundTrafficPolicyMode,
    Sidecar,
    SidecarOutboundTrafficPolicy,
    SidecarPort,
)
from lateen.parse.validation import connection_pool, destination, names, selector, server_tls
from lateen.parse.validation.findings import Findings, quoted

_ENDPOINT_HOSTS: Final = ("", "127.0.0.1", "0.0.0.0", "::1", "::")


def check(findings: Findings, found: Sidecar) -> None:
    """A Sidecar."""
    spec = found.spec
    if not selector.check_labels(findings, spec.workload_selector, "sidecar"):
        return
    if (
        not spec.egress
        and not spec.ingress
        and spec.outbound_traffic_policy is None
        and spec.inbound_connection_pool is None
    ):
        findings.error("spec", "sidecar: empty configuration provided", "add egress or ingress")
        return
    _check_ingress(findings, spec.ingress)
    connection_pool.check(findings, "spec.inboundConnectionPool", spec.inbound_connection_pool)
    _check_egress(findings, spec.egress, found.metadata.namespace)
    _check_outbound(findings, "spec.outboundTrafficPolicy", spec.outbound_traffic_policy)


def _check_ingress(findings: Findings, listeners: tuple[IstioIngressListener, ...]) -> None:
    seen: set[int] = set()
    for index, listener in enumerate(listeners):
        place = f"spec.ingress[{index}]"
        port = listener.port
        if port is None:
            message = "sidecar: port is required for ingress listeners"
            findings.error(f"{place}.port", message, "add port with number and protocol")
            continue
        _check_port(findings, f"{place}.port", port)
        findings.expect(f"{place}.port.number", names.port(port.number))
        if listener.bind:
            findings.expect(f"{place}.bind", names.ip(listener.bind), "write an IP address")
        if port.number in seen:
            message = "sidecar: ports on IP bound listeners must be unique"
            findings.error(f"{place}.port.number", message, "remove one of them")
        seen.add(port.number)
        _check_endpoint(findings, f"{place}.defaultEndpoint", listener.default_endpoint)
        _check_tls(findings, f"{place}.tls", listener.tls, port.protocol)
        pool = listener.connection_pool
        connection_pool.check(findings, f"{place}.connectionPool", pool)
        if pool is not None and pool.http is not None and not names.is_http(port.protocol):
            message = (
                f"sidecar: HTTP connection pool settings are configured for port {port.number} ({quoted(port.name)}) "
                f"but its protocol is not HTTP ({port.protocol}); only TCP settings will apply"
            )
            findings.warn(f"{place}.connectionPool.http", message, "use protocol HTTP, or remove it")


def _check_port(findings: Findings, field: str, port: SidecarPort) -> None:
    if port.target_port > 0:
        findings.error(f"{field}.targetPort", "targetPort has no impact on Sidecars", "remove it")
    if port.name:
        findings.expect(f"{field}.name", names.port_name(port.name))
    hint = "use HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP or TLS"
    findings.expect(f"{field}.protocol", names.protocol(port.protocol), hint)


def _check_endpoint(findings: Findings, field: str, endpoint: str) -> None:
    if not endpoint:
        return
    if endpoint.startswith(names.UNIX_PREFIX):
        findings.expect(field, names.unix_address(endpoint.removeprefix(names.UNIX_PREFIX)))
        return
    host, colon, port = endpoint.rpartition(":")
    if host.startswith("["):
        host = host.removeprefix("[").removesuffix("]")
    elif ":" in host:
        colon = ""
    hint = "write 127.0.0.1:PORT"
    if not colon:
        findings.error(field, f"address {endpoint}: missing port in address", hint)
        return
    if host not in _ENDPOINT_HOSTS:
        findings.error(
            field,
            "sidecar: defaultEndpoint must be of form "
            "127.0.0.1:<port>,0.0.0.0:<port>,[::1]:port,[::]:port,unix://filepath or unset",
            hint,
        )
    if not (port.isascii() and port.isdigit() and len(port) < 20):
        findings.error(field, f"sidecar: defaultEndpoint port ({port}) is not a number", hint)
    else:
        findings.expect(field, names.port(int(port)), hint)


def _check_tls(findings: Findings, field: str, tls: ServerTLSSettings | None, protocol: str) -> None:
    if tls is None:
        return
    if not names.is_tls(protocol):
        message = "server cannot have TLS settings for non HTTPS/TLS ports"
        findings.error(field, message, "use protocol HTTPS or TLS")
    if tls.subject_alt_names:
        message = "sidecar: subjectAltNames is not supported in ingress tls"
        findings.error(f"{field}.subjectAltNames", message, "remove it")
    if tls.https_redirect:
        findings.error(f"{field}.httpsRedirect", "sidecar: httpsRedirect is not supported", "remove it")
    if tls.credential_name:
        message = "sidecar: credentialName is not currently supported"
        findings.error(f"{field}.credentialName", message, "mount the certificate, and name its path")
    if tls.credential_names:
        message = "sidecar: credentialNames is not currently supported"
        findings.error(f"{field}.credentialNames", message, "mount the certificates, and name their paths")
    if tls.tls_certificates:
        message = "sidecar: tls_certificates is not currently supported"
        findings.error(f"{field}.tlsCertificates", message, "name one certificate")
    if tls.mode in (ServerTLSMode.ISTIO_MUTUAL, ServerTLSMode.AUTO_PASSTHROUGH):
        message = f"configuration is invalid: cannot set mode to {tls.mode.value} in sidecar ingress tls"
        findings.error(f"{field}.mode", message, "use SIMPLE or MUTUAL")
    server_tls.check(findings, field, tls)


def _check_egress(findings: Findings, listeners: tuple[IstioEgressListener, ...], namespace: str) -> None:
    ports: set[int] = set()
    sockets: set[str] = set()
    found_catch_all = False
    for index, listener in enumerate(listeners):
        place = f"spec.egress[{index}]"
        port = listener.port
        if port is None:
            if found_catch_all:
                message = "sidecar: egress can have only one listener with empty port"
                findings.error(place, message, "join the two")
                continue
            if index == len(listeners) - 1:
                found_catch_all = True
            else:
                message = "sidecar: the egress listener with empty port should be the last listener in the list"
                findings.error(place, message, "move it to the end")
        else:
            _check_egress_port(findings, place, port, listener)
            is_repeated = listener.bind in sockets if port.number == 0 else port.number in ports
            if is_repeated and port.number == 0:
                message = "sidecar: unix domain socket values for listeners must be unique"
                findings.error(f"{place}.bind", message, "remove one of them")
            elif is_repeated:
                message = "sidecar: ports on IP bound listeners must be unique"
                findings.error(f"{place}.port.number", message, "remove one of them")
            if port.number == 0:
                sockets.add(listener.bind)
            else:
                ports.add(port.number)
        _check_hosts(findings, f"{place}.hosts", listener.hosts, namespace)


def _check_egress_port(findings: Findings, field: str, port: SidecarPort, listener: IstioEgressListener) -> None:
    _check_port(findings, f"{field}.port", port)
    if port.number != 0:
        findings.expect(f"{field}.port.number", names.port(port.number))
        if listener.bind:
            findings.expect(f"{field}.bind", names.ip(listener.bind), "write an IP address")
        return
    if not listener.bind.startswith(names.UNIX_PREFIX):
        message = "sidecar: ports with 0 value must have a unix domain socket bind address"
        findings.error(f"{field}.bind", message, "write bind: unix:///path, or a port number")
    else:
        findings.expect(f"{field}.bind", names.unix_address(listener.bind.removeprefix(names.UNIX_PREFIX)))
    if listener.capture_mode not in (CaptureMode.DEFAULT, CaptureMode.NONE):
        message = "sidecar: captureMode must be DEFAULT/NONE for unix domain socket listeners"
        findings.error(f"{field}.captureMode", message, "remove it")


def _check_hosts(findings: Findings, field: str, hosts: tuple[str, ...], own_namespace: str) -> None:
    if not hosts:
        message = "sidecar: egress listener must contain at least one host"
        findings.error(field, message, 'add hosts, such as "./*"')
    seen: dict[str, set[str]] = {}
    for index, host in enumerate(hosts):
        place = f"{field}[{index}]"
        namespace, slash, name = host.partition("/")
        if slash:
            names_there = seen.setdefault(own_namespace if namespace == "." else namespace, set())
            if names_there if name == "*" else name in names_there or "*" in names_there:
                findings.warn(place, f"duplicated egress host: {host}", "remove it")
            names_there.add(name)
        names.check_namespaced_host(findings, place, host, is_gateway=False)
    if "*" in seen.get("*", ()) and len(seen) != 1:
        message = "`*/*` host select all resources, no other hosts can be added"
        findings.warn(field, message, "keep only */*")


def _check_outbound(findings: Findings, field: str, policy: SidecarOutboundTrafficPolicy | None) -> None:
    if policy is None or policy.egress_proxy is None:
        return
    place = f"{field}.egressProxy"
    if policy.mode is not OutboundTrafficPolicyMode.ALLOW_ANY:
        message = "sidecar: egress_proxy must be set only with ALLOW_ANY outbound_traffic_policy mode"
        findings.error(place, message, "add mode: ALLOW_ANY")
        return
    findings.expect(f"{place}.host", names.fqdn(policy.egress_proxy.host))
    if policy.egress_proxy.port is None:
        findings.error(f"{place}.port", "sidecar: egress_proxy port must be non-nil", "add port.number")
        return
    destination.check(findings, place, policy.egress_proxy)
