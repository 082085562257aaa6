# SPDX-License-Identifier: Apache-2.0
"""One row after the other: its documents in, its calls made, its checks asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.conformance.echo import client
from tests.conformance.echo.apps import ADDRESSES, GATEWAY_PORTS, EchoMesh, service, slice_of
from tests.conformance.echo.checks import problem
from tests.conformance.echo.client import Reply
from tests.conformance.echo.expressions import (
    APP_NAMESPACE,
    EXTERNAL_NAMESPACE,
    PORTS,
    SYSTEM_NAMESPACE,
    WORKLOAD_ONLY,
    app_expressions,
    constants,
    resolve,
    substitute,
)
from tests.conformance.echo.template import UnknownError, render

Row = dict[str, Any]

NOT_YET = {
    "RequestAuthentication": "needs RequestAuthentication (JSON Web Tokens)",
    "EnvoyFilter": "needs EnvoyFilter",
}
TARGETS = ("b", "naked", "vm")
"""Whom the rows call that are for any workload."""
REDIRECTS = 5


MESH_CONFIG = {
    "XFFGatewayCase": "defaultConfig: {gatewayTopology: {numTrustedProxies: 2}}",
    "ProxyProtocolFilterAppliedGatewayCase": "defaultConfig: {gatewayTopology: {proxyProtocol: {}}}",
}
"""How gateways are set up for some groups of rows."""


class SkippedError(Exception):
    """The row is left out; the text says why."""


class Call(NamedTuple):
    """One call: from an application to an address, with the Host that the client would send."""

    source: str
    address: str
    port: int
    host: str
    options: Mapping[str, Any]
    tls: bool = False


async def replay(mesh: EchoMesh, row: Row) -> list[str]:
    """What is wrong with a row; raises SkippedError for those that are left out."""
    reason = _left_out(row)
    if reason:
        raise SkippedError(reason)
    try:
        wrong = []
        for known in _bindings(row):
            for said in await _replay(mesh, row, known):
                if said not in wrong:
                    wrong.append(said)
        return wrong
    except UnknownError as unknown:
        raise SkippedError(f"not re-created: {unknown}") from None


def _left_out(row: Row) -> str:
    if row["group"] == "jwtClaimRoute":
        return NOT_YET["RequestAuthentication"]
    if isinstance(row.get("skip"), dict) and row["skip"].get("skip") is True:
        return f"left out by Istio too: {row['skip']['reason']}"
    text = row.get("config") or ""
    return next((reason for kind, reason in NOT_YET.items() if f"kind: {kind}" in text), "")


def _bindings(row: Row) -> Iterator[dict[str, Any]]:
    """What the loops around the row, and its being for any workload, bind."""
    base = constants()
    choices = [_choices(loop, row) for loop in row.get("loops") or ()]
    targets = TARGETS if row.get("workloadAgnostic") else (None,)
    for target, *bound in itertools.product(targets, *choices):
        known = dict(base)
        for one in bound:
            known |= one
        if target is not None:
            known |= {"dstSvc": target, "(index .dst 0).Config.Service": target, **app_expressions("dest", target)}
        known |= app_expressions("to", "c") | app_expressions("client[0]", "a")
        yield known


def _choices(loop: str, row: Row) -> list[dict[str, Any]]:
    variable, _, source = loop.partition(":= range ")
    name = variable.split(",")[-1].strip()
    headless = f"headless.{APP_NAMESPACE}.svc.cluster.local"
    hosts = [headless, f"headless.{APP_NAMESPACE}.svc", f"headless.{APP_NAMESPACE}", "headless"]
    hosts += [f"some-instances.headless.{APP_NAMESPACE}.svc", f"some-instances.{headless}", "ip"]
    values: dict[str, list[dict[str, Any]]] = {
        "t.Apps.A": [app_expressions(name, "a")],
        "t.Apps.B": [app_expressions(name, "b")],
        "[]echo.Instances{t.Apps.A, t.Apps.B}": [{name: "a"}, {name: "b"}],
        "app": [app_expressions(name, "a")],
        "[]int{15001, 15006}": [{name: port} for port in (15001, 15006)],
        "[]protocol.Instance{protocol.HTTP, protocol.HTTPS}": [{name: text} for text in ("HTTP", "HTTPS")],
        "hosts": [{name: host} for host in hosts],
        "splits": [{name: ""}],
        "destinationSets": [app_expressions(f"{name}[0]", "b")],
        "testCases": [{name: ""}],
    }
    if source not in values:
        raise UnknownError(f"loop {loop}")
    return values[source]


async def _replay(mesh: EchoMesh, row: Row, known: dict[str, Any]) -> list[str]:
    special = SPECIAL.get((row["group"], row["name"])) or SPECIAL.get((row["group"], ""))
    if special is not None:
        return await special(mesh, row, known)
    values = _template_values(row, known)
    async with mesh.having(_documents(mesh, row, known, values)):
        wrong = []
        for name, part in [("", row)] + [(child["name"], child) for child in row.get("children") or ()]:
            if part.get("opts"):
                wrong += [f"{name}: {said}" if name else said for said in await _calls(mesh, row, part, known)]
        return wrong


def _documents(mesh: EchoMesh, row: Row, known: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    text = row.get("config") or ""
    at = text.find("${ingressutil.IngressKubeSecretYAML(")
    if at >= 0:
        text = text[:at] + mesh.secret("cred")
    return render(substitute(text, known), {**known, **values})


def _template_values(row: Row, known: Mapping[str, Any]) -> dict[str, Any]:
    values = row.get("templateVars") or {}
    if "$closure" not in values:
        resolved: dict[str, Any] = resolve(values, known)
        return resolved
    secured = known.get("proto", "HTTPS") == "HTTPS"
    port = "HTTPS" if row["name"] == "HTTPS re-encrypt" else "HTTP"
    given = {
        "Gateway": "gateway",
        "GatewayHost": "*",
        "GatewayPort": 443 if secured else 80,
        "GatewayPortName": "https" if secured else "http",
        "GatewayProtocol": "HTTPS" if secured else "HTTP",
        "VirtualServiceHost": known["dest.Config().ClusterLocalFQDN()"],
        "Port": PORTS[port][1],
        "IngressNamespace": SYSTEM_NAMESPACE,
        "GatewayIstioLabel": "ingressgateway",
    }
    if secured:
        given |= {"Credential": "cred", "TLSMode": "SIMPLE"}
    if row["name"] == "cipher suite":
        given["Ciphers"] = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"]
    if row["name"] == "optional mTLS":
        given["TLSMode"] = "OPTIONAL_MUTUAL"
    if "scheme match" in row["name"]:
        given["MatchScheme"] = "https" if secured else "http"
    return given


async def _calls(mesh: EchoMesh, row: Row, part: Row, known: dict[str, Any]) -> list[str]:
    options = resolve(part["opts"], known)
    made = _call(mesh, row, part, options, known)
    replies = [await _send(mesh, made) for _ in range(max(int(options.get("Count", 1)), 1))]
    checks = options.get("expect") or ([] if "TCP" in options else [["OK"]])
    wrong = [said for check in checks if (said := problem(check, replies, made.host))]
    begins = options.get("TCP", {}).get("ExpectedResponse", {}).get("Value")
    if begins and not all(reply.raw.startswith(begins.encode()) for reply in replies):
        wrong.append(f"answered {replies[0].raw[:60]!r}, expected {begins!r}")
    return [f"{made.source} to {made.host}:{made.port}: {said}" for said in wrong]


def _call(mesh: EchoMesh, row: Row, part: Row, options: dict[str, Any], known: Mapping[str, Any]) -> Call:
    if row.get("viaIngress"):
        secured = options.get("Port", {}).get("Protocol") == "HTTPS"
        port = GATEWAY_PORTS[443 if secured else 80]
        host = known["dest.Config().ClusterLocalFQDN()"]
        return Call("naked", mesh.pods["ingress"].address, port, host, options, secured)
    called = resolve(part.get("call"), known) if part.get("call") else "a"
    target = options.get("To") or options.get("ToWorkload") or known.get("dstSvc")
    port = _port(options, target)
    if "Address" in options:
        host = options["Address"]
        address = _address(mesh, host)
    elif "ToWorkload" in options or target == "headless":
        host, address = f"{target}.{APP_NAMESPACE}.svc.cluster.local", mesh.pods[str(target)].address
    elif target is not None:
        host, address = f"{target}.{APP_NAMESPACE}.svc.cluster.local", ADDRESSES[str(target)]
    else:
        raise UnknownError("a call without a target")
    return Call(str(called), address, port, host, options)


def _port(options: Mapping[str, Any], target: object) -> int:
    port = options.get("Port", {})
    if "ServicePort" in port:
        return int(port["ServicePort"])
    for label, number, workload in PORTS.values():
        if label == port.get("Name"):
            return workload if target == "headless" else number
    raise UnknownError(f"port {port}")


def _address(mesh: EchoMesh, host: str) -> str:
    """What DNS would say."""
    name = host.split(".")[0]
    if name in _EXTRA_ADDRESSES:
        return _EXTRA_ADDRESSES[name]
    if host == "localhost":
        return "127.0.0.1"
    if host == "external":
        # The address of the pod: no kube-proxy is there to find it behind that of the Service.
        return mesh.pods[host].address
    if name in ADDRESSES and ADDRESSES[name] != "None":
        return ADDRESSES[name]
    raise UnknownError(f"address {host}")


_EXTRA_ADDRESSES = {
    "b-alt-1": "10.96.1.1",
    "b-alt-2": "10.96.1.2",
    "b-alt-4": "10.96.1.4",
    "consistent-hash": "10.96.1.9",
}
_EXTRA_ADDRESSES |= dict.fromkeys(("b-ext-no-port", "b-ext-port", "b-ext-se"), ADDRESSES["b"])


async def _send(mesh: EchoMesh, made: Call) -> Reply:
    pod = mesh.pods[made.source]
    tls = mesh.client_tls if made.tls else None
    connect = pod.connect(made.address, made.port, tls=tls, server_name=made.host if made.tls else "")
    options = made.options
    asked = options.get("HTTP") or {}
    if options.get("Scheme") == "tcp" or options.get("Port", {}).get("Protocol") == "TCP":
        return await client.tcp(connect, str(options.get("Message", "hello")).encode())
    headers = {"Host": made.host, **{name: str(value) for name, value in (asked.get("Headers") or {}).items()}}
    if headers["Host"] == "ip":
        headers["Host"] = made.address
    if asked.get("HTTP2"):
        return await client.http2(connect, asked.get("Path", "/"), headers)
    path = asked.get("Path", "/")
    for _ in range(REDIRECTS):
        reply = await client.http(connect, asked.get("Method", "GET"), path, headers)
        if not (asked.get("FollowRedirects") and "location" in reply.headers):
            return reply
        to = urlsplit(reply.headers["location"])
        path = f"{to.path}?{to.query}" if to.query else to.path
    return Reply()


# -- rows that are written in Go ---------------------------------------------------------------------------------------


async def _with_endpoints(mesh: EchoMesh, row: Row, known: dict[str, Any]) -> list[str]:
    """Rows with a Service of their own, whose address and endpoints the cluster would find."""
    name = row["opts"]["Address"]
    apps = ("b", "c") if name == "consistent-hash" else ("b",)
    targets = {"b-alt-2": WORKLOAD_ONLY[0], "b-alt-4": WORKLOAD_ONLY[1]}
    ports = [{"name": "http", "port": 80, "targetPort": 18080}, {"name": "tcp", "port": 9090, "targetPort": 19090}]
    if name == "b-alt-2":
        ports = [{"name": "tcp", "port": 80, "targetPort": targets[name]}]
    elif name == "b-alt-4":
        ports = [{"name": "http", "port": 12346, "targetPort": targets[name]}]
    slices = [slice_of(name, APP_NAMESPACE, ports, mesh.pods[app].address) for app in apps]
    slices = [text.replace(f'"{name}-0"', f'"{name}-{app}"') for text, app in zip(slices, apps, strict=True)]
    rules = [part for part in _documents(mesh, row, known, {}).split("\n---\n") if "kind: Service" not in part]
    made = service(name, APP_NAMESPACE, _EXTRA_ADDRESSES[name], ports, "b")
    async with mesh.having("\n---\n".join([made, *slices, *rules])):
        return await _calls(mesh, row, row, known)


async def _external_name(mesh: EchoMesh, row: Row, known: dict[str, Any]) -> list[str]:
    if "children_expr" not in row:
        values = {"dest.Config().ClusterLocalFQDN()": f"b-ext-se.{APP_NAMESPACE}.svc.cluster.local"}
        text = _documents(mesh, row, known, {}).replace("\n---apiVersion", "\n---\napiVersion")
        made = Call("naked", mesh.pods["ingress"].address, GATEWAY_PORTS[80], next(iter(values.values())), {})
        async with mesh.having(text):
            said = problem(["OK"], [await _send(mesh, made)], made.host)
        return [said] if said else []
    name = row["children_expr"]["args"][0]
    wrong = []
    async with mesh.having(_documents(mesh, row, known, {})):
        for host in (name, f"{name}.{APP_NAMESPACE}", f"{name}.{APP_NAMESPACE}.svc.cluster.local"):
            reply = await _send(mesh, Call("a", ADDRESSES["b"], 80, host, {}))
            wrong += [
                f"{host}: {said}" for check in (["OK"], ["MTLSForHTTP"]) if (said := problem(check, [reply], host))
            ]
    return wrong


async def _http10(mesh: EchoMesh, row: Row, known: dict[str, Any]) -> list[str]:
    """Outbound, HTTP/1.0 counts as bytes for an unknown destination; kube-proxy would send these on to the pod."""
    options = resolve(row["opts"], known)
    host = f"b.{APP_NAMESPACE}.svc.cluster.local"
    reply = await _send(mesh, Call("a", mesh.pods["b"].address, PORTS["HTTP"][2], host, options))
    begins = options["TCP"]["ExpectedResponse"]["Value"]
    return [] if reply.raw.startswith(begins.encode()) else [f"answered {reply.raw[:60]!r}, expected {begins!r}"]


async def _to_itself(mesh: EchoMesh, row: Row, known: dict[str, Any]) -> list[str]:
    return await _calls(mesh, row, row, known | {"dstSvc": "a"})


async def _tls_origination(mesh: EchoMesh, row: Row, known: dict[str, Any]) -> list[str]:
    host, address = f"external.{EXTERNAL_NAMESPACE}.svc.cluster.local", mesh.pods["external"].address
    wrong = []
    async with mesh.having(_documents(mesh, row, known, {})):
        for port, protocol in ((8888, "HTTP/1.1"), (8882, "HTTP/2.0")):
            reply = await _send(mesh, Call("a", address, port, host, {}))
            checks = (["OK"], ["Protocol", protocol])
            wrong += [f"port {port}: {said}" for check in checks if (said := problem(check, [reply], host))]
    return wrong


async def _virtual_machine(mesh: EchoMesh, row: Row, known: dict[str, Any]) -> list[str]:
    domain = f"{APP_NAMESPACE}.svc.cluster.local"
    cases = [("vm", "b", f"b.{domain}"), ("vm", "b", f"b.{APP_NAMESPACE}"), ("vm", "b", "b")]
    cases += [("vm", "headless", f"headless.{domain}"), ("a", "vm", f"vm.{domain}")]
    wrong = []
    for source, target, host in cases:
        at = mesh.pods[target].address if target == "headless" else ADDRESSES[target]
        _, number, workload = PORTS["HTTP"]
        port = workload if target == "headless" else number
        reply = await _send(mesh, Call(source, at, port, host, {}))
        said = problem(["OK"], [reply], host) or ("" if reply.server == target else f"reached {reply.server}")
        wrong += [f"{source} to {host}: {said}"] if said else []
    return wrong


async def _external_service(mesh: EchoMesh, row: Row, known: dict[str, Any]) -> list[str]:
    host = str(known["t.Apps.External.All[0].Config().DefaultHostHeader"])
    wrong = []
    async with mesh.having(_documents(mesh, row, known, {})):
        for source, status in (("a", 502), ("c", 200)):
            reply = await _send(mesh, Call(source, mesh.pods["external"].address, 80, host, {}))
            said = problem(["Status", status], [reply], host)
            wrong += [f"{source}: {said}"] if said else []
    return wrong


async def _forwarded_for(mesh: EchoMesh, row: Row, known: dict[str, Any]) -> list[str]:
    """Two proxies in front of the gateway are trusted: the client is what the first of them saw."""
    options = {"HTTP": {"Headers": {"X-Forwarded-For": "56.5.6.7, 72.9.5.6, 98.1.2.3"}}}
    host = f"b.{APP_NAMESPACE}.svc.cluster.local"
    made = Call("naked", mesh.pods["ingress"].address, GATEWAY_PORTS[80], host, options)
    async with mesh.having(_documents(mesh, row, known, {})):
        reply = await _send(mesh, made)
    passed = reply.seen.get("headers", {}).get("x-forwarded-for", "").split(",")
    wrong = [problem(["RequestHeader", "X-Envoy-External-Address", "72.9.5.6"], [reply], host)]
    wrong.append(None if len(passed) == 4 and passed[1].strip() == "72.9.5.6" else f"forwarded for {passed}")
    return [said for said in wrong if said]


async def _proxy_protocol(mesh: EchoMesh, row: Row, known: dict[str, Any]) -> list[str]:
    """The gateway takes the PROXY header, and the application gets the message alone."""
    gateway, message = mesh.pods["ingress"], row["opts"]["Message"].encode()
    connect = mesh.pods["naked"].connect(gateway.address, GATEWAY_PORTS[80])
    async with mesh.having(_documents(mesh, row, known, {})):
        header = b"PROXY TCP4 192.0.2.1 192.0.2.2 1111 80\r\n"
        taken, refused = await client.tcp(connect, header + message), await client.tcp(connect, message)
    wrong = [] if taken.raw == b"from b: " + message + b"\n" else [f"answered {taken.raw!r}"]
    return wrong + ([f"answered {refused.raw!r} without a PROXY header"] if refused.raw else [])


SPECIAL = {
    ("XFFGatewayCase", ""): _forwarded_for,
    ("ProxyProtocolFilterAppliedGatewayCase", ""): _proxy_protocol,
    ("serviceCases", ""): _with_endpoints,
    ("consistentHashCases", ""): _with_endpoints,
    ("externalNameCases", ""): _external_name,
    ("protocolSniffingCases", "http10 to http"): _http10,
    ("selfCallsCases", ""): _to_itself,
    ("tlsOriginationCases", ""): _tls_origination,
    ("VMTestCases", ""): _virtual_machine,
    ("TestExternalService", ""): _external_service,
}
