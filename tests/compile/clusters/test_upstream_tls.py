# SPDX-License-Identifier: Apache-2.0
"""TLS of clusters: what the rule says, and automatic mutual TLS."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.compile.workload import Role
from tests.compile.mesh_documents import (
    client,
    clusters,
    document,
    entry,
    http_options,
    mesh_of,
    rule,
    service,
    tls_of,
)

WEB = "outbound|8080||web.default.svc.cluster.local"
EXT = "outbound|80||ext.example"
PODS: dict[str, dict[str, Any]] = {"10.1.0.1": {}}
IDENTITY = "spiffe://cluster.local/ns/default/sa/web"


def origination(tls: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """The cluster of an external host under `tls`."""
    listed = entry("ext", "ext.example", resolution="DNS", **spec)
    return clusters(mesh_of(listed, rule("ext", "ext.example", trafficPolicy={"tls": tls})))[EXT]


def validation(context: dict[str, Any]) -> tuple[str, list[str]]:
    """The secret with the authorities, and the names that are accepted."""
    combined = context["commonTlsContext"]["combinedValidationContext"]
    names = combined["defaultValidationContext"].get("matchSubjectAltNames", [])
    return combined["validationContextSdsSecretConfig"]["name"], [name["exact"] for name in names]


def certificates(context: dict[str, Any]) -> list[str]:
    return [c["name"] for c in context["commonTlsContext"].get("tlsCertificateSdsSecretConfigs", ())]


def test_mutual_tls_is_automatic_by_endpoint() -> None:
    found = clusters(mesh_of(service("web", PODS)))[WEB]
    mutual, plain = found["transportSocketMatches"]
    assert mutual["match"] == {"tlsMode": "istio"}
    assert plain["match"] == {}
    assert plain["transportSocket"]["name"] == "envoy.transport_sockets.raw_buffer"
    context = mutual["transportSocket"]["typedConfig"]
    assert validation(context) == ("ROOTCA", [IDENTITY])
    assert certificates(context) == ["default"]
    assert context["sni"] == "outbound_.8080_._.web.default.svc.cluster.local"


@pytest.mark.parametrize("reason", ["mesh", "namespace", "rule", "external"])
def test_reasons_for_plain_text(reason: str) -> None:
    documents: list[Any] = [service("web", PODS), entry("ext", "ext.example", resolution="DNS")]
    config = {"enableAutoMtls": False} if reason == "mesh" else None
    if reason == "namespace":
        documents.append(document("PeerAuthentication", "default", spec={"mtls": {"mode": "DISABLE"}}))
    if reason == "rule":
        documents.append(rule("web", "web", trafficPolicy={"tls": {"mode": "DISABLE"}}))
    found = clusters(mesh_of(*documents, config=config))[EXT if reason == "external" else WEB]
    assert "transportSocket" not in found
    assert "transportSocketMatches" not in found


def test_without_a_choice_by_endpoint_all_must_have_sidecars() -> None:
    def headless(*sidecars: bool) -> dict[str, Any]:
        pods = {f"10.1.0.{at}": {"sidecar": has} for at, has in enumerate(sidecars)}
        return clusters(mesh_of(service("web", pods, clusterIP="None")))[WEB]

    assert tls_of(headless(True, True))["sni"] == "outbound_.8080_._.web.default.svc.cluster.local"
    assert "transportSocket" not in headless(True, False)
    assert "transportSocket" not in headless()


def test_a_rule_forces_mutual_tls() -> None:
    said = {"mode": "ISTIO_MUTUAL", "sni": "other.example", "subjectAltNames": ["spiffe://x"]}
    state = mesh_of(service("web", PODS), rule("web", "web", trafficPolicy={"tls": said}))
    context = tls_of(clusters(state)[WEB])
    assert validation(context) == ("ROOTCA", ["spiffe://x"])
    assert context["sni"] == "other.example"
    assert "alpn_override" not in clusters(state)[WEB]["metadata"]["filterMetadata"]["istio"]


def test_identities_in_all_trust_domains_of_the_mesh() -> None:
    state = mesh_of(service("web", PODS), config={"trustDomainAliases": ["old.domain"]})
    context = clusters(state)[WEB]["transportSocketMatches"][0]["transportSocket"]["typedConfig"]
    assert validation(context)[1] == [IDENTITY, "spiffe://old.domain/ns/default/sa/web"]


def test_simple_tls_checks_the_hosts_own_name() -> None:
    found = origination({"mode": "SIMPLE"})
    assert validation(tls_of(found)) == ("file-root:system", [])
    assert "sni" not in tls_of(found)
    assert http_options(found)["upstreamHttpProtocolOptions"] == {"autoSni": True, "autoSanValidation": True}
    assert found["metadata"]["filterMetadata"]["istio"]["alpn_override"] == "false"


def test_names_of_the_rule_else_of_the_entry() -> None:
    found = origination({"mode": "SIMPLE"}, subjectAltNames=["entry.example"])
    assert validation(tls_of(found))[1] == ["entry.example"]
    said = {"mode": "SIMPLE", "sni": "s.example", "subjectAltNames": ["rule.example"]}
    found = origination(said, subjectAltNames=["entry.example"])
    assert validation(tls_of(found))[1] == ["rule.example"]
    assert tls_of(found)["sni"] == "s.example"
    assert http_options(found) == {}


def test_mutual_tls_with_files() -> None:
    said = {
        "mode": "MUTUAL",
        "clientCertificate": "/c.pem",
        "privateKey": "/k.pem",
        "caCertificates": "/ca.pem",
        "caCrl": "/crl.pem",
    }
    context = tls_of(origination(said))
    assert certificates(context) == ["file-cert:/c.pem~/k.pem"]
    assert validation(context)[0] == "file-root:/ca.pem"
    default = context["commonTlsContext"]["combinedValidationContext"]["defaultValidationContext"]
    assert default["crl"] == {"filename": "/crl.pem"}


def test_a_server_may_go_unverified() -> None:
    found = origination({"mode": "SIMPLE", "insecureSkipVerify": True})
    assert tls_of(found)["commonTlsContext"]["validationContext"] == {}
    assert http_options(found)["upstreamHttpProtocolOptions"] == {"autoSni": True}


def test_http2_is_announced() -> None:
    ports = [{"number": 80, "name": "grpc", "protocol": "GRPC"}]
    found = origination({"mode": "SIMPLE"}, ports=ports)
    assert tls_of(found)["commonTlsContext"]["alpnProtocols"] == ["h2"]


def credential(name: str, **rule_spec: Any) -> Any:
    said = {"mode": "MUTUAL", "credentialName": name}
    listed = entry("ext", "ext.example", resolution="DNS")
    return mesh_of(listed, rule("ext", "ext.example", trafficPolicy={"tls": said}, **rule_spec))


def test_a_credential_is_for_gateways_and_selected_sidecars() -> None:
    gateway = client("default", role=Role.ROUTER)
    context = tls_of(clusters(credential("cert"), gateway)[EXT])
    assert certificates(context) == ["kubernetes://cert"]
    assert validation(context)[0] == "kubernetes://cert-cacert"
    assert "transportSocket" not in clusters(credential("cert"))[EXT]
    selected = credential("cert", workloadSelector={"matchLabels": {"app": "client"}})
    assert certificates(tls_of(clusters(selected)[EXT])) == ["kubernetes://cert"]


def test_authorities_in_a_config_map_are_for_everyone() -> None:
    context = tls_of(clusters(credential("configmap://default/ca"))[EXT])
    assert validation(context)[0] == "configmap://default/ca-cacert"


def test_a_name_that_is_looked_up_must_be_in_the_certificate() -> None:
    listed = entry("ext", "*.ext.example", resolution="DYNAMIC_DNS")
    said: dict[str, Any] = {"mode": "SIMPLE", "sni": "s.example", "subjectAltNames": ["a.ext.example"]}
    state = mesh_of(listed, rule("ext", "*.ext.example", trafficPolicy={"tls": said}))
    found = clusters(state)["outbound|80||*.ext.example"]
    assert http_options(found)["upstreamHttpProtocolOptions"] == {"autoSanValidation": True}
    said = {"mode": "SIMPLE", "insecureSkipVerify": True}
    state = mesh_of(listed, rule("ext", "*.ext.example", trafficPolicy={"tls": said}))
    found = clusters(state)["outbound|80||*.ext.example"]
    assert found["clusterType"]["typedConfig"]["allowInsecureClusterOptions"] is True


@pytest.mark.parametrize("tls", [None, {"mode": "SIMPLE"}])
def test_proxy_protocol_wraps_what_is_there(tls: dict[str, Any] | None) -> None:
    policy: dict[str, Any] = {"proxyProtocol": {"version": "V2"}} | ({"tls": tls} if tls else {})
    listed = entry("ext", "ext.example", resolution="DNS")
    found = clusters(mesh_of(listed, rule("ext", "ext.example", trafficPolicy=policy)))[EXT]
    socket = found["transportSocket"]["typedConfig"]
    assert socket["config"] == {"version": "V2"}
    inner = "tls" if tls else "raw_buffer"
    assert socket["transportSocket"]["name"] == f"envoy.transport_sockets.{inner}"


def test_proxy_protocol_wraps_both_sides_of_automatic_mutual_tls() -> None:
    state = mesh_of(service("web", PODS), rule("web", "web", trafficPolicy={"proxyProtocol": {}}))
    for match in clusters(state)[WEB]["transportSocketMatches"]:
        assert match["transportSocket"]["name"] == "envoy.transport_sockets.upstream_proxy_protocol"


@pytest.mark.parametrize(
    ("port", "http1", "http2"),
    [
        ("http", "istio-http/1.1,istio,http/1.1", "istio-http/1.1,istio,http/1.1"),
        ("grpc", "istio-h2,istio,h2", "istio-h2,istio,h2"),
        ("", "istio-http/1.1,istio,http/1.1", "istio-h2,istio,h2"),
    ],
)
def test_application_protocols_by_request(port: str, http1: str, http2: str) -> None:
    found = clusters(mesh_of(service("web", PODS, ports={port: 8080})))[WEB]
    assert found["metadata"]["filterMetadata"]["istio.alpn"] == {"http1": http1, "http2": http2}


def test_plain_clusters_announce_nothing() -> None:
    assert "istio.alpn" not in origination({"mode": "SIMPLE"})["metadata"]["filterMetadata"]
