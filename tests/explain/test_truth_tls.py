# SPDX-License-Identifier: Apache-2.0
"""TLS: chains by server name, client certificates, negotiated protocols, and routes that ask about them."""

from __future__ import annotations

import ssl
from itertools import product
from pathlib import Path

from lateen.explain import Address, ClientTls, HttpRequest, Request, Trace, trace
from lateen.explain.request import HTTP2, HTTP11
from tests.envoy_process import StartEnvoy
from tests.explain.certificates import Authority, Pair
from tests.explain.http2_client import Http2Client
from tests.explain.http_truth import Answer, observed, predicted
from tests.explain.truth import Json, Truth, http_chain, listener, listener_filter
from tests.explain.wire import HttpClient

_CONTEXT = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
_REFUSED = "refused"


def _tls_socket(server: Pair, *, require: bool, alpn: list[str], **validation: object) -> Json:
    common: Json = {
        "tls_certificates": [
            {"certificate_chain": {"filename": str(server.certificate)}, "private_key": {"filename": str(server.key)}}
        ],
        "alpn_protocols": alpn,
    }
    if validation:
        common["validation_context"] = validation
    config = {"@type": _CONTEXT, "common_tls_context": common, "require_client_certificate": require}
    return {"transport_socket": {"name": "tls", "typed_config": config}}


def _says(body: str, **match: object) -> Json:
    return {"match": match, "direct_response": {"status": 200, "body": {"inline_string": body}}}


def _chain(name: str, host: Json | None = None) -> Json:
    https = [{"name": "x-forwarded-proto", "string_match": {"exact": "https"}}]
    routes = [
        {"match": {"path": "/moved"}, "redirect": {"path_redirect": "/new"}},
        _says(f"1 {name} validated", prefix="/", tls_context={"presented": True, "validated": True}),
        _says(f"2 {name} presented", prefix="/", tls_context={"presented": True}),
        _says(f"3 {name} https", prefix="/", headers=https),
        _says(f"4 {name}", prefix="/"),
    ]
    table = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes, **(host or {})}]}
    return {"name": name, **http_chain(table)}


def _client_context(certificate: Pair | None, alpn: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(certificate.certificate, certificate.key)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def _expected(answer: Trace, http: HttpRequest) -> Answer | str:
    if answer.failure is not None and answer.failure.status is None:
        return _REFUSED
    return predicted(answer, http)


async def test_chains_certificates_and_protocols(start_envoy: StartEnvoy, tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    server = ours.issue("server.example")
    trusted = {"trusted_ca": {"filename": str(ours.root)}}
    chains = [
        _chain("simple") | _tls_socket(server, require=False, alpn=["h2", "http/1.1"]) | _names("simple.example"),
        _chain("wild") | _tls_socket(server, require=False, alpn=["http/1.1"]) | _names("*.example"),
        _chain("mutual") | _tls_socket(server, require=True, alpn=["h2"], **trusted) | _names("mutual.example"),
        _chain("optional") | _tls_socket(server, require=False, alpn=[], **trusted) | _names("optional.example"),
        _chain("lenient")
        | _tls_socket(server, require=False, alpn=[], **trusted, trust_chain_verification="ACCEPT_UNTRUSTED")
        | _names("lenient.example"),
        _chain("plain", {"require_tls": "ALL"}) | {"filter_chain_match": {"transport_protocol": "raw_buffer"}},
    ]
    inspector = [listener_filter("tls_inspector", "TlsInspector")]
    no_inspector = _chain("blind") | _tls_socket(server, require=False, alpn=["h2"])
    listeners = [
        listener("by-name", filter_chains=chains, listener_filters=inspector),
        listener("blind", filter_chains=[no_inspector]),
        listener("never-tls", filter_chains=[_chain("clear")]),
    ]
    truth = await Truth.start(start_envoy, listeners)
    certificates = {None: None, "valid": ours.issue("client"), "foreign": theirs.issue("stranger")}
    names = ["simple.example", "SIMPLE.example", "other.example", "mutual.example", "optional.example"]
    seen = set()
    for name, sni, alpn, (kind, certificate), path in product(
        truth.ports,
        [*names, "lenient.example", "nowhere.org", ""],
        [(), ("h2",), ("http/1.1",), ("http/1.1", "h2"), ("spdy",)],
        certificates.items(),
        ["/", "/moved"],
    ):
        tls = ClientTls(
            server_name=sni, alpn=alpn, certificate=certificate is not None, certificate_valid=kind == "valid"
        )
        seen.add(await _compare(truth, name, tls, _client_context(certificate, alpn), path))
    for name, path in product(truth.ports, ["/", "/moved"]):
        seen.add(await _compare(truth, name, None, None, path))
    assert len(seen) > 12, seen


def _names(name: str) -> Json:
    return {"filter_chain_match": {"server_names": [name], "transport_protocol": "tls"}}


async def _compare(
    truth: Truth, name: str, tls: ClientTls | None, context: ssl.SSLContext | None, path: str
) -> Answer | str:
    port = truth.ports[name]
    connection = Request(destination=Address("127.0.0.1", port), source=Address("127.0.0.1", 50000), tls=tls)
    negotiated = trace(truth.resources, connection).downstream_tls
    # A client speaks what was negotiated, else HTTP/1.1.
    version = HTTP2 if negotiated is not None and negotiated.alpn == "h2" else HTTP11
    http = HttpRequest(version=version, authority="a.example:80", path=path)
    request = Request(destination=connection.destination, source=connection.source, tls=tls, http=http)
    answer = trace(truth.resources, request, why=True)
    client: HttpClient | Http2Client
    server_name = tls.server_name if tls is not None else ""
    kind = Http2Client if version == HTTP2 else HttpClient
    client = kind("127.0.0.1", port, context, server_name)
    got: Answer | str
    try:
        response = await client.send(http)
        got = observed(response) if response.status else _REFUSED
    except (ssl.SSLError, ConnectionError, EOFError, ValueError):
        got = _REFUSED
    finally:
        client.close()
    want = _expected(answer, http)
    if tls is not None and answer.downstream_tls is not None and not answer.downstream_tls.terminates_tls:
        # What Envoy says in clear text is no TLS to the client.
        want = _REFUSED
    assert got == want, f"{name} {tls} {path}: {answer}"
    return want
