# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a Gateway."""

from lateen.model.networking.gateway import Gateway, GatewayPort, Server
from lateen.model.networking.server_tls import ServerTLSMode
from lateen.parse.validation import names, server_tls
from lateen.parse.validation.findings import Findings, quoted

_PASSTHROUGH = (ServerTLSMode.PASSTHROUGH, ServerTLSMode.AUTO_PASSTHROUGH)


def check(findings: Findings, found: Gateway) -> None:
    """A Gateway."""
    if not names.is_label(found.metadata.name):
        hint = "use letters, digits and dashes, without dots"
        findings.error("metadata.name", f"invalid gateway name: {quoted(found.metadata.name)}", hint)
    servers = found.spec.servers
    if not servers:
        findings.error("spec.servers", "gateway must have at least one server", "add servers with port and hosts")
    seen: set[str] = set()
    for index, server in enumerate(servers):
        place = f"spec.servers[{index}]"
        check_server(findings, place, server)
        if server.port is None:
            continue
        if server.port.name in seen:
            message = f"port names in servers must be unique: duplicate name {server.port.name}"
            findings.error(f"{place}.port.name", message, "give it another name")
        seen.add(server.port.name)
        if server.tls is not None and server.tls.https_redirect and not names.is_http(server.port.protocol):
            message = "tls.httpsRedirect should only be used with http servers"
            findings.warn(f"{place}.tls.httpsRedirect", message, "move it to the server of protocol HTTP")


def check_server(findings: Findings, field: str, server: Server) -> None:
    """One server."""
    if not server.hosts:
        findings.error(f"{field}.hosts", "server config must contain at least one host", 'add hosts, such as "*"')
    for index, host in enumerate(server.hosts):
        names.check_namespaced_host(findings, f"{field}.hosts[{index}]", host, is_gateway=True)
    before = len(findings.problems)
    check_port(findings, f"{field}.port", server.port, server.bind)
    port_is_sound = len(findings.problems) == before
    _check_bind(findings, field, server)
    server_tls.check(findings, f"{field}.tls", server.tls)
    if port_is_sound and server.port is not None:
        _check_protocol(findings, field, server, server.port.protocol)


def check_port(findings: Findings, field: str, port: GatewayPort | None, bind: str) -> None:
    """The port of a server."""
    if port is None:
        findings.error(field, "port is required", "add port with number, name and protocol")
        return
    if port.protocol.lower() not in names.PROTOCOLS:
        findings.error(
            f"{field}.protocol",
            f"invalid protocol {quoted(port.protocol)}, "
            "supported protocols are HTTP, HTTP2, GRPC, GRPC-WEB, MONGO, REDIS, MYSQL, TCP",
            "use HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP or TLS",
        )
    if port.number > 0 or not bind.startswith(names.UNIX_PREFIX):
        findings.expect(f"{field}.number", names.port(port.number))
    if port.target_port > 0:
        findings.error(f"{field}.targetPort", "targetPort has no impact on Gateways", "remove it")
    if not port.name:
        findings.error(f"{field}.name", f"port name must be set: {port.number}/{port.protocol}", "add port.name")


def _check_bind(findings: Findings, field: str, server: Server) -> None:
    place = f"{field}.bind"
    if server.bind.startswith(names.UNIX_PREFIX):
        findings.expect(place, names.unix_address(server.bind.removeprefix(names.UNIX_PREFIX)))
        if server.port is not None and server.port.number != 0:
            message = f"port number must be 0 for unix domain socket: {server.port.number}"
            findings.error(f"{field}.port.number", message, "write 0")
    elif server.bind:
        findings.expect(place, names.ip(server.bind), "write an IP address or unix:// path")


def _check_protocol(findings: Findings, field: str, server: Server, protocol: str) -> None:
    tls = server.tls
    if names.is_tls(protocol):
        if tls is None:
            message = "server must have TLS settings for HTTPS/TLS protocols"
            findings.error(f"{field}.tls", message, "add tls with a mode")
    elif tls is not None:
        if not names.is_http(protocol):
            message = "server cannot have TLS settings for non HTTPS/TLS ports"
            findings.error(f"{field}.tls", message, "use protocol TLS or HTTPS")
        elif tls.mode not in _PASSTHROUGH or tls.ca_certificates or tls.private_key or tls.server_certificate:
            message = "server cannot have TLS settings for plain text HTTP ports"
            findings.error(f"{field}.tls", message, "use protocol HTTPS; with HTTP only httpsRedirect is allowed")
