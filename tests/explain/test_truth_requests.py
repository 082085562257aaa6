# SPDX-License-Identifier: Apache-2.0
"""Requests before they are routed: refused ones, normalised paths, headers that are joined, dropped and added."""

from __future__ import annotations

import pytest

from lateen.explain import Address, HttpRequest, Request, trace
from lateen.explain.request import HTTP10
from tests.envoy_process import StartEnvoy
from tests.explain.http_truth import observed, predicted
from tests.explain.truth import Json, Truth, http_chain, listener, static_cluster
from tests.explain.wire import HttpClient, echo_server

_HEADERS = [
    "accept",
    "accept-encoding",
    "accept-language",
    "access-control-request-method",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-type",
    "cookie",
    "etag",
    "expect",
    "forwarded",
    "from",
    "grpc-timeout",
    "if-match",
    "if-none-match",
    "keep-alive",
    "origin",
    "pragma",
    "proxy-connection",
    "range",
    "referer",
    "user-agent",
    "vary",
    "via",
    "x-b3-traceid",
    "x-client-trace-id",
    "x-envoy-decorator-operation",
    "x-envoy-downstream-service-cluster",
    "x-envoy-external-address",
    "x-envoy-force-trace",
    "x-envoy-internal",
    "x-envoy-ip-tags",
    "x-envoy-max-retries",
    "x-envoy-original-path",
    "x-envoy-original-url",
    "x-envoy-retry-on",
    "x-envoy-upstream-alt-stat-name",
    "x-envoy-upstream-rq-timeout-ms",
    "x-foo",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-request-id",
]


def _table(*routes: Json, **fields: object) -> Json:
    return {"name": "table", "virtual_hosts": [{"name": "host", "domains": ["*"], "routes": list(routes)}], **fields}


def _says(body: str, **match: object) -> Json:
    return {"match": match, "direct_response": {"status": 200, "body": {"inline_string": body}}}


async def _check(truth: Truth, name: str, http: HttpRequest, source: str = "127.0.0.1") -> str:
    """One request to one listener, as predicted; the kind of its answer."""
    port = truth.ports[name]
    request = Request(destination=Address("127.0.0.1", port), source=Address(source, 50000), http=http)
    answer = trace(truth.resources, request, why=True)
    client = HttpClient("127.0.0.1", port)
    got, want = observed(await client.send(http)), predicted(answer, http)
    client.close()
    assert got == want, f"{name}: {http}\n{answer}"
    return str(want[0])


async def test_refused_requests(start_envoy: StartEnvoy) -> None:
    async with echo_server("one") as one:
        forward = {"match": {"prefix": "/"}, "route": {"cluster": "one"}}
        no_upgrade = {"upgrade_configs": [{"upgrade_type": "websocket", "enabled": False}]}
        routes = [
            _says("1", connect_matcher={}),
            {"match": {"path": "/nothing"}, "non_forwarding_action": {}},
            {"match": {"path": "/plain"}, "route": {"cluster": "one", **no_upgrade}},
            {"match": {"path": "/scheme"}, "redirect": {"path_redirect": "/elsewhere"}},
            forward,
        ]
        old = {"accept_http_10": True, "default_host_for_http_10": "default.host"}
        listeners = [
            listener("plain", filter_chains=[http_chain(_table(*routes))]),
            listener("old", filter_chains=[http_chain(_table(*routes), http_protocol_options=old)]),
            listener(
                "upgrades", filter_chains=[http_chain(_table(*routes), upgrade_configs=[{"upgrade_type": "CONNECT"}])]
            ),
            listener("edge", filter_chains=[http_chain(_table(*routes), use_remote_address=True)]),
            listener("only-one", filter_chains=[http_chain(_table(*routes), codec_type="HTTP1")]),
        ]
        truth = await Truth.start(start_envoy, listeners, [static_cluster("one", (one.ip, one.port))])
        websocket = (("Connection", "keep-alive, Upgrade"), ("Upgrade", "websocket"))
        requests = [
            HttpRequest(),
            HttpRequest(authority=""),
            HttpRequest(version=HTTP10),
            HttpRequest(version=HTTP10, authority="a"),
            HttpRequest(method="OPTIONS", authority="a", path="*"),
            HttpRequest(authority="a", path="relative"),
            HttpRequest(authority="a", path="/a#fragment"),
            HttpRequest(authority="a", path="/caf\u00e9"),
            HttpRequest(authority="a", path="/nothing"),
            HttpRequest(authority="absolute.com", scheme="http", path="/p?q"),
            HttpRequest(authority="absolute.com", scheme="https", path="/scheme"),
            HttpRequest(authority="absolute.com", scheme="ftp", path="/p"),
            HttpRequest(authority="a", path="/scheme"),
            HttpRequest(authority="a", path="/plain", headers=websocket),
            HttpRequest(authority="a", path="/plain"),
            HttpRequest(authority="a", path="/other", headers=websocket),
            HttpRequest(authority="a", headers=(("Connection", "Upgrade"), ("Upgrade", "h2c"))),
            HttpRequest(method="CONNECT", authority="a:80", path=""),
        ]
        kinds = {await _check(truth, name, http) for name in truth.ports for http in requests}
    assert kinds == {"local", "forward", "body", "location"}


@pytest.mark.parametrize("merge", [False, True])
async def test_every_character_of_a_path(start_envoy: StartEnvoy, merge: bool) -> None:
    async with echo_server("one") as one:
        everything = _table({"match": {"prefix": "/"}, "route": {"cluster": "one"}})
        listeners = [
            listener("as-is", filter_chains=[http_chain(everything, merge_slashes=merge)]),
            listener("normal", filter_chains=[http_chain(everything, normalize_path=True, merge_slashes=merge)]),
        ]
        truth = await Truth.start(start_envoy, listeners, [static_cluster("one", (one.ip, one.port))])
        dots = ["/a/../b", "/../a", "/a/..", "/a/.", "/a//../b", "/a/%2E%2e/b", "/a/%2e%2eb", "/...", "///..", "//"]
        odd = ["/a\\..\\b", "/%", "/%4", "/%zz", "/%2f..", "/a;x/../b", "/a/..?b/../c", "/a//b//?c//d", "/."]
        escaped = [f"/x%{c:02{case}}y" for c in range(256) for case in "xX"]
        plain = [f"/x{chr(c)}y" for c in range(0x21, 0x7F) if chr(c) != "#"]
        for name in truth.ports:
            for path in [*dots, *odd, *escaped, *plain]:
                await _check(truth, name, HttpRequest(authority="a", path=path))


async def test_headers_as_routes_see_them(start_envoy: StartEnvoy) -> None:
    """Whether a repeated header is one value, two, or gone by the time that routes are matched."""

    def match(name: str, **string: str) -> Json:
        return {"name": name, "string_match": string}

    routes = []
    for name in _HEADERS:
        path = f"/{name}"
        routes += [
            _says("1 joined", path=path, headers=[match(name, exact="v1,v2")]),
            _says("2 joined and more", path=path, headers=[match(name, prefix="v1,v2,")]),
            _says("3 apart", path=path, headers=[match(name, exact="v1"), match(name, exact="v2")]),
            _says("4 there", path=path, headers=[{"name": name, "present_match": True}]),
            _says("5 gone", path=path),
        ]
    listeners = [
        listener("inner", filter_chains=[http_chain(_table(*routes))]),
        listener("edge", filter_chains=[http_chain(_table(*routes), use_remote_address=True)]),
        listener(
            "keeps-certificates",
            filter_chains=[http_chain(_table(*routes), forward_client_cert_details="ALWAYS_FORWARD_ONLY")],
        ),
    ]
    truth = await Truth.start(start_envoy, listeners)
    for name in truth.ports:
        for header in _HEADERS:
            both = ((header, "v1"), (header, "v2"))
            await _check(truth, name, HttpRequest(authority="a", path=f"/{header}", headers=both))
            await _check(truth, name, HttpRequest(authority="a", path=f"/{header}"))
