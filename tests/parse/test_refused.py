# SPDX-License-Identifier: Apache-2.0
"""What Istio refuses in its own words, and what it takes with a warning."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.model.diagnostic import Severity
from lateen.parse import from_mapping

ROUTE = {"route": [{"destination": {"host": "a"}}]}


def say(kind: str, spec: dict[str, Any], group: str = "networking.istio.io", **metadata: Any) -> dict[str, list[str]]:
    version = {"networking.istio.io": "v1", "security.istio.io": "v1", "telemetry.istio.io": "v1"}.get(
        group, "v1alpha1"
    )
    if kind == "EnvoyFilter":
        version = "v1alpha3"
    document = {
        "apiVersion": f"{group}/{version}",
        "kind": kind,
        "metadata": {"name": "a", "namespace": "shop", **metadata},
        "spec": spec,
    }
    _, diagnostics = from_mapping(document)
    found: dict[str, list[str]] = {"error": [], "warning": []}
    for diagnostic in diagnostics:
        found[diagnostic.severity.value].append(f"{diagnostic.field}: {diagnostic.message}")
    return found


def service(http: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {"hosts": ["a"], "http": [{**ROUTE, **(http or {})}], **spec}


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        (
            service({"route": [{"destination": {"host": "a"}}] * 2}),
            "spec.http[0].route",
            "total destination weight = 0",
        ),
        (service({"timeout": "0s"}), "spec.http[0].timeout", "must be a valid duration greater than 1ms"),
        (service(hosts=["a:80"]), "spec.hosts[0]", 'domain name "a:80" invalid'),
        (
            service(hosts=["*"]),
            "spec.hosts[0]",
            "wildcard host * is not allowed for virtual services",
        ),
        (service(hosts=["*.a.b", "x.a.b"]), "spec.hosts[1]", "duplicate hosts in virtual service: *.a.b & x.a.b"),
        (service(exportTo=["~"]), "spec.exportTo[0]", "only .,*, or a valid DNS 1123 label"),
        (
            {"hosts": ["a.b"], "tls": [{"match": [{"sniHosts": ["c.d"]}], **ROUTE}]},
            "spec.tls[0].match[0].sniHosts[0]",
            'SNI host "c.d" is not a compatible subset of any of the virtual service hosts: [a.b]',
        ),
        (
            service({"match": [{"headers": {"x": {"regex": "*"}}}]}),
            "spec.http[0].match[0].headers.x.regex",
            "missing argument to repetition operator: `*`",
        ),
        (
            service({"match": [{"queryParams": {"x": {"regex": "*"}}}]}),
            "spec.http[0].match[0].queryParams.x.regex",
            "Istio uses RE2 style regex-based match",
        ),
        (
            service({"mirror": {"host": "b"}, "mirrors": [{"destination": {"host": "c"}}]}),
            "spec.http[0]",
            "HTTP route cannot contain both mirror and mirrors",
        ),
        (
            service({"match": [{"headers": {"@request.auth.claims.group": {"exact": "x"}}}]}),
            'spec.http[0].match[0].headers["@request.auth.claims.group"]',
            "JWT claim based routing",
        ),
        (
            {"http": [{"delegate": {"name": "b"}}]},
            "spec.http[0].delegate",
            "delegate HTTP route cannot contain delegate",
        ),
    ],
)
def test_virtual_services(spec: dict[str, Any], field: str, words: str) -> None:
    errors = say("VirtualService", spec)["error"]
    assert any(error.startswith(f"{field}: ") and words in error for error in errors), errors


@pytest.mark.parametrize(
    "spec",
    [
        service({"match": [{"withoutHeaders": {"x": {"regex": "*"}}}]}),
        service({"match": [{"headers": {":authority": {"exact": "x"}, "x!": {}}}]}),
        service({"match": [{"uri": {"prefix": ""}}]}),
        service(hosts=["10.0.0.1"]),
        service(hosts=["*"], gateways=["shop/gw"]),
        service({"headers": {"request": {"set": {"x": "%REQ(a)% 100%%"}}}}),
        service({"corsPolicy": {"allowMethods": ["*"], "allowOrigins": [{"exact": "*"}]}}),
    ],
)
def test_what_virtual_services_may_say(spec: dict[str, Any]) -> None:
    assert say("VirtualService", spec) == {"error": [], "warning": []}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (service({"mirrorPercent": 5, "mirror": {"host": "b"}}), 'use "mirrorPercentage" instead'),
        (service(gateways=["gw.shop.svc.cluster.local"]), "prefer the <namespace>/<name> format"),
        ({"hosts": ["a"], "http": [ROUTE, ROUTE]}, "only the last rule can have no matches"),
        (
            {"hosts": ["a"], "http": [{**ROUTE, "match": [{"uri": {"prefix": p}}]} for p in ("/a", "/ab")]},
            "duplicate/overlapping match",
        ),
        (
            {"hosts": ["a"], "http": [{**ROUTE, "match": [{"uri": {"exact": "/a"}}]}] * 2},
            "all matches used by prior rules",
        ),
    ],
)
def test_warnings_of_virtual_services(spec: dict[str, Any], words: str) -> None:
    found = say("VirtualService", spec)
    assert found["error"] == []
    assert any(words in warning for warning in found["warning"]), found


@pytest.mark.parametrize(
    ("kind", "group", "spec", "words"),
    [
        ("ServiceEntry", "networking.istio.io", {"hosts": ["a.b"], "ports": [{"number": 80}]}, "invalid port name: "),
        ("ServiceEntry", "networking.istio.io", {"hosts": ["*"]}, "invalid host *"),
        (
            "ServiceEntry",
            "networking.istio.io",
            {"hosts": ["a.b"], "resolution": "DNS", "addresses": ["10.0.0.0/8"]},
            "CIDR addresses are allowed only for NONE/STATIC resolution types",
        ),
        ("DestinationRule", "networking.istio.io", {"host": "a", "trafficPolicy": {}}, "must have at least one field"),
        (
            "DestinationRule",
            "networking.istio.io",
            {"host": "a", "trafficPolicy": {"tls": {"mode": "SIMPLE", "credentialName": "configmap://other/x"}}},
            "namespace must match the configuration namespace",
        ),
        ("Gateway", "networking.istio.io", {}, "gateway must have at least one server"),
        (
            "Gateway",
            "networking.istio.io",
            {"servers": [{"port": {"number": 443, "name": "a", "protocol": "HTTPS"}, "hosts": ["a.b"]}]},
            "server must have TLS settings for HTTPS/TLS protocols",
        ),
        ("Sidecar", "networking.istio.io", {"egress": [{"hosts": ["a"]}]}, "host must be of form namespace/dnsName"),
        (
            "PeerAuthentication",
            "security.istio.io",
            {"portLevelMtls": {"80": {"mode": "STRICT"}}},
            "mesh/namespace peer authentication cannot have port level mTLS",
        ),
        (
            "AuthorizationPolicy",
            "security.istio.io",
            {"rules": [{"when": [{"key": "destination.labels[a]", "values": ["b"]}]}]},
            "is replaced by the workload selector",
        ),
        (
            "AuthorizationPolicy",
            "security.istio.io",
            {"rules": [{"to": [{"operation": {"paths": ["/{**}/{*}"]}}]}]},
            "{**} is not the last operator",
        ),
        (
            "RequestAuthentication",
            "security.istio.io",
            {"jwtRules": [{"issuer": "a", "jwksUri": "ftp://x"}]},
            'URI scheme "ftp" is not supported',
        ),
        ("Telemetry", "telemetry.istio.io", {"accessLogging": [{"filter": {"expression": "a +"}}]}, "not a valid CEL"),
        ("WasmPlugin", "extensions.istio.io", {"url": "ftp://x/y"}, "url contains unsupported scheme: ftp"),
        (
            "EnvoyFilter",
            "networking.istio.io",
            {"configPatches": [{"applyTo": "CLUSTER", "patch": {"operation": "ADD", "value": {"name": 1}}}]},
            "name",
        ),
    ],
)
def test_other_kinds(kind: str, group: str, spec: dict[str, Any], words: str) -> None:
    errors = say(kind, spec, group)["error"]
    assert any(words in error for error in errors), errors


def test_annotations_that_no_document_may_carry() -> None:
    found = say("VirtualService", service(), annotations={"internal.istio.io/parents": "x"})
    assert any("may not be set by users" in error for error in found["error"])
    found = say("VirtualService", service(), annotations={"istio.io/dry-run": "true"})
    assert any("has unsupported annotation istio.io/dry-run" in error for error in found["error"])


def test_every_error_says_what_to_do() -> None:
    _, diagnostics = from_mapping(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Gateway",
            "metadata": {"name": "a.b"},
            "spec": {"servers": [{"port": {"number": 0, "protocol": "x"}, "hosts": ["a"], "tls": {"mode": "MUTUAL"}}]},
        }
    )
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR]
    assert len(errors) > 5
    assert sum(not diagnostic.hint for diagnostic in errors) <= 2
