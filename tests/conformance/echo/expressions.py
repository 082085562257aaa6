# SPDX-License-Identifier: Apache-2.0
"""What the references of the rows to Istio's test framework (`t.Apps.B`, `ports.HTTP.ServicePort`) mean here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from tests.conformance.echo.template import UnknownError

APP_NAMESPACE, EXTERNAL_NAMESPACE, SYSTEM_NAMESPACE = "default", "external", "istio-system"
EXTERNAL_HOST = "fake.external.com"
ABSURD_HEADER = "x-!#$%&'*+-.^`|~09"

PORTS: dict[str, tuple[str, int, int]] = {
    "HTTP": ("http", 80, 18080),
    "HTTP2": ("http2", 85, 18085),
    "AutoHTTP": ("auto-http", 81, 18081),
    "TCP": ("tcp", 9090, 19090),
    "HTTPS": ("https", 443, 18443),
}
"""Istio's name of a port -> its name, its number at the service and at the workload."""
WORKLOAD_ONLY = {0: 19092, 1: 18083}
"""Ports of workloads that no service has: one for TCP, one for HTTP."""

_APPS = {"A": "a", "B": "b", "C": "c", "Headless": "headless", "Naked": "naked", "VM": "vm"}


def constants() -> dict[str, Any]:
    """Every expression with one meaning for all rows."""
    found: dict[str, Any] = {
        "t.Apps.Namespace.Name()": APP_NAMESPACE,
        "t.Apps.EchoNamespace.Namespace.Name()": APP_NAMESPACE,
        "apps.Namespace.Name()": APP_NAMESPACE,
        "t.Apps.External.Namespace.Name()": EXTERNAL_NAMESPACE,
        "t.Apps.External.All.Config().HostHeader()": EXTERNAL_HOST,
        "t.Apps.External.All.Config().DefaultHostHeader": EXTERNAL_HOST,
        "t.Apps.External.All[0].Config().DefaultHostHeader": EXTERNAL_HOST,
        "t.Istio.Settings().IngressGatewayIstioLabel": "ingressgateway",
        "systemNamespace": SYSTEM_NAMESPACE,
        "absurdHeader": ABSURD_HEADER,
        "time.Millisecond": 0.001,
        "time.Second": 1.0,
        "scheme.TCP": "tcp",
        "scheme.HTTP": "http",
        "gateway": "ingress",
        "t.Apps.External.All[0].Address()": "external",
        "c.Config().Cluster.StableName()": "primary",
        "headers.Origin": "Origin",
        "headers.AccessControlRequestMethod": "Access-Control-Request-Method",
        "headers.AccessControlRequestHeaders": "Access-Control-Request-Headers",
        "headers.XForwardedProto": "X-Forwarded-Proto",
        "headers.XForwardedFor": "X-Forwarded-For",
        "headers.Host": "Host",
        "protocol.HTTP": "HTTP",
        "protocol.HTTPS": "HTTPS",
        "protocol.TCP": "TCP",
    }
    for name, (label, service, workload) in PORTS.items():
        found |= {
            f"ports.{name}": {"Name": label},
            f"ports.{name}.Name": label,
            f"ports.{name}.ServicePort": service,
            f"ports.{name}.WorkloadPort": workload,
        }
    for index, port in WORKLOAD_ONLY.items():
        found[f"ports.All().GetWorkloadOnlyPorts()[{index}].WorkloadPort"] = port
    for field, app in _APPS.items():
        for name in (f"t.Apps.{field}", f"apps.{field}"):
            found |= {name: app, f"{name}[0]": app, f"{name}[0].CallOrFail": app}
    for status in HTTPStatus:
        found[f"http.Status{_go_name(status)}"] = status.value
    return found


_GO_NAMES = {200: "OK", 418: "Teapot", 505: "HTTPVersionNotSupported"}


def _go_name(status: HTTPStatus) -> str:
    return _GO_NAMES.get(status, "".join(word.capitalize() for word in status.name.split("_")))


def app_expressions(variable: str, app: str) -> dict[str, Any]:
    """What a variable of a row that stands for an application can be asked for."""
    host = f"{app}.{APP_NAMESPACE}.svc.cluster.local"
    found: dict[str, Any] = {
        variable: app,
        f"{variable}.CallOrFail": app,
        f"{variable}.Config().Service": app,
        f"{variable}.Config().Cluster.NetworkName()": "",
        f"{variable}.Config().ClusterLocalFQDN()": host,
    }
    for name, (_, service, _workload) in PORTS.items():
        found[f"{variable}.PortForName(ports.{name}.Name).ServicePort"] = service
    return found


def lookup(expression: str, known: Mapping[str, Any]) -> Any:
    """The meaning of an expression."""
    if expression in known:
        return known[expression]
    if re.fullmatch(r"\d+", expression):
        return int(expression)
    raise UnknownError(expression)


def substitute(text: str, known: Mapping[str, Any]) -> str:
    """`text` with every `${expression}` replaced."""
    return re.sub(r"\$\{((?:[^{}]|\{\{[^}]*\}\})*)\}", lambda found: str(lookup(found[1], known)), text)


def resolve(value: Any, known: Mapping[str, Any]) -> Any:
    """A value of a row's options with its references looked up."""
    if isinstance(value, str):
        return substitute(value, known)
    if isinstance(value, list):
        return [resolve(item, known) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return lookup(value["$ref"], known)
    if value.get("$op") == "*":
        return resolve(value["l"], known) * resolve(value["r"], known)
    if "$call" in value:
        return _call(value["$call"], known)
    if "$func" in value or "$closure" in value:
        raise UnknownError("a function written in Go")
    return {key: resolve(item, known) for key, item in value.items()}


_WITH = re.compile(r'With(Host)?\(\s*(?:([^,()]+|"[^"]*"),\s*)?("[^"]*"|\w+)\s*\)')


def _call(code: str, known: Mapping[str, Any]) -> Any:
    """`headers.New().With(name, value)….Build` is a mapping; other calls are looked up by their text."""
    if not code.startswith("headers.New()"):
        return lookup(f"{code}()", known)
    found: dict[str, str] = {}
    for host, name, value in _WITH.findall(code):
        said = value.strip('"') if value.startswith('"') else str(lookup(value, known))
        found["Host" if host else name.strip('"') if name.startswith('"') else lookup(name, known)] = said
    return found
