# SPDX-License-Identifier: Apache-2.0
"""Routes: for random route tables and random requests, what the engine predicts is what a real Envoy answers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from lateen.explain import Address, HttpRequest, Request, trace
from lateen.explain.request import HTTP2, HTTP11
from tests.envoy_process import StartEnvoy
from tests.explain.http2_client import Http2Client
from tests.explain.http_truth import observed, predicted
from tests.explain.truth import Json, Truth, http_chain, listener, static_cluster
from tests.explain.wire import HttpClient, echo_server

_DOMAINS = [
    "a.com",
    "*.a.com",
    "*.com",
    "b.a.com",
    "*-x.a.com",
    "a.*",
    "b.*",
    "a.com:8080",
    "B.Example.org",
    "*",
    "fo*",
    "f*",
    "[::1]",
    "[::1]:80",
    "*a.com",
    "*:8080",
]
_HOSTS = [
    "a.com",
    "A.COM",
    "b.a.com",
    "c.b.a.com",
    "y-x.a.com",
    "-x.a.com",
    "x.com",
    ".a.com",
    "a.com:8080",
    "a.com:80",
    "a.com:",
    "a.com:x",
    "a.com.",
    "a.com.:80",
    "a.net",
    "b.example.org",
    "foo",
    "fo",
    "f",
    "[::1]",
    "[::1]:80",
    "[::2]:99",
    "other",
    "1.2.3.4:8080",
]
_SEGMENTS = ["a", "b", "api", "API", "v1", "item", "x.y", "a-b", "a;p=1", "%41", "%2e", "..", ".", "", "a%2Fb", "~u"]
_QUERIES = ["", "", "?", "?q", "?q=", "?q=1", "?q=2&q=1", "?a=b&q=x", "?q=%31", "?=1", "?a;q=1", "?q=1?2", "?Q=1"]
_HEADER_NAMES = ["x-a", "x-b", "cookie", "content-type", "x-n"]
_HEADER_VALUES = [
    "",
    "a",
    "A",
    "ab",
    "b,a",
    "abc",
    "42",
    "-7",
    "+5",
    "007",
    "4 2",
    "9223372036854775808",
    "user=jason; x=1",
]
_STRINGS = ["a", "A", "ab", "b", "x", "1", "user=jason"]
_REGEXES = [
    "a.*",
    ".*",
    "a|ab",
    "(?i)AB?",
    "[0-9]+",
    "/api/[^/]+",
    "/a",
    "/(api|a)/.*",
    ".*b$",
    "^/a/b",
    "\\d+",
    "/.{1,3}",
    "user=(jason|anna).*",
]
_REWRITES = [
    ("/a", "/z"),
    ("^/(\\w+)/(.*)$", "/\\2/\\1"),
    ("a", "\\0\\0"),
    ("x*", "-"),
    ("b*", "<\\0>"),
    ("/+", "/"),
    ("(x)?y", "[\\1]"),
    ("\\.", "\\\\"),
]
_TABLES, _REQUESTS = 40, 40


def _string_match(rng: random.Random) -> Json:
    kind = rng.choice(["exact", "prefix", "suffix", "contains", "safe_regex"])
    if kind == "safe_regex":
        return {"safe_regex": {"regex": rng.choice(_REGEXES)}}
    match: Json = {kind: rng.choice(_STRINGS)}
    if rng.random() < 0.3:
        match["ignore_case"] = True
    return match


def _header_match(rng: random.Random) -> Json:
    match: Json = {"name": rng.choice([*_HEADER_NAMES, ":method", ":authority", ":path", ":scheme", "Host", "X-A"])}
    kind = rng.choice(["string", "string", "range", "present", "absent", "none"])
    if kind == "string":
        match["string_match"] = _string_match(rng)
    elif kind == "range":
        match["range_match"] = {"start": rng.choice([-10, 0, 5]), "end": rng.choice([6, 42, 43, 100])}
    elif kind in ("present", "absent"):
        match["present_match"] = kind == "present"
    if rng.random() < 0.3:
        match["invert_match"] = True
    if rng.random() < 0.2:
        match["treat_missing_header_as_empty"] = True
    return match


def _query_match(rng: random.Random) -> Json:
    match: Json = {"name": rng.choice(["q", "a", "Q", "none"])}
    kind = rng.choice(["string", "present", "absent", "none"])
    if kind == "string":
        match["string_match"] = _string_match(rng)
    elif kind in ("present", "absent"):
        match["present_match"] = kind == "present"
    return match


def _path(rng: random.Random) -> str:
    return "/" + "/".join(rng.choice(_SEGMENTS) for _ in range(rng.choice([0, 1, 1, 2, 3])))


def _match(rng: random.Random) -> Json:
    kind = rng.choice(["prefix", "prefix", "path", "safe_regex", "path_separated_prefix", "template"])
    match: Json
    if kind == "safe_regex":
        match = {"safe_regex": {"regex": rng.choice(_REGEXES)}}
    elif kind == "path_separated_prefix":
        match = {"path_separated_prefix": rng.choice(["/a", "/api", "/api/v1", "/A"])}
    elif kind == "template":
        template = rng.choice(["/{x}", "/api/{v}/*", "/**", "/{a=api/*}/{b=**}", "/a/*.y", "/*/b"])
        package = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"
        config = {"@type": package, "path_template": template}
        match = {"path_match_policy": {"name": "template", "typed_config": config}}
    else:
        match = {kind: rng.choice(["/", "/a", "/api", "/api/", "/a/b", "/API", "/a;p=1", _path(rng)])}
    if kind in ("prefix", "path", "path_separated_prefix") and rng.random() < 0.3:
        match["case_sensitive"] = False
    if rng.random() < 0.35:
        match["headers"] = [_header_match(rng) for _ in range(rng.choice([1, 1, 2]))]
    if rng.random() < 0.3:
        match["query_parameters"] = [_query_match(rng)]
    if rng.random() < 0.05:
        match["grpc"] = {}
    if rng.random() < 0.05:
        match["tls_context"] = {"presented": rng.random() < 0.5}
    if rng.random() < 0.1:
        match["runtime_fraction"] = {"default_value": {"numerator": rng.choice([0, 100])}}
    return match


def _redirect(rng: random.Random, template: bool) -> Json:
    redirect: Json = {}
    match rng.choice(["https", "scheme", "none"]):
        case "https":
            redirect["https_redirect"] = True
        case "scheme":
            redirect["scheme_redirect"] = rng.choice(["http", "https", "ftp"])
    if rng.random() < 0.4:
        redirect["host_redirect"] = "elsewhere.org"
    if rng.random() < 0.3:
        redirect["port_redirect"] = 8443
    match rng.choice(["path", "prefix", "regex", "none"]):
        case "path":
            redirect["path_redirect"] = rng.choice(["/new", "/new?with=query", "new"])
        case "prefix" if not template:
            redirect["prefix_rewrite"] = rng.choice(["/", "/new", "/new/", ""])
        case "regex":
            redirect["regex_rewrite"] = _regex_rewrite(rng)
    if rng.random() < 0.3:
        redirect["strip_query"] = True
    code = ["MOVED_PERMANENTLY", "FOUND", "SEE_OTHER", "TEMPORARY_REDIRECT", "PERMANENT_REDIRECT"]
    redirect["response_code"] = rng.choice(code)
    return {"redirect": redirect}


def _regex_rewrite(rng: random.Random) -> Json:
    pattern, substitution = rng.choice(_REWRITES)
    return {"pattern": {"regex": pattern}, "substitution": substitution}


def _forward(rng: random.Random, match: Json) -> Json:
    action: Json = {}
    match rng.choice(["cluster", "missing", "header", "weighted"]):
        case "cluster":
            action["cluster"] = rng.choice(["one", "two"])
        case "missing":
            action["cluster"] = "nowhere"
            action["cluster_not_found_response_code"] = rng.choice(["SERVICE_UNAVAILABLE", "NOT_FOUND"])
        case "header":
            action["cluster_header"] = "x-cluster"
        case "weighted":
            entries: list[Json] = [{"name": "one", "weight": rng.choice([1, 3])}, {"name": "two", "weight": 2}]
            if rng.random() < 0.5:
                entries[1]["host_rewrite_literal"] = "weight.host"
            action["weighted_clusters"] = {"clusters": entries, "header_name": "x-pick"}
    template = "path_match_policy" in match
    match rng.choice(["prefix", "regex", "template", "format", "none"]):
        case "format":
            formats = [
                "/f/%REQ(x-pick)%",
                "%REQ(x-none?x-cluster):2%",
                "/%%%PROTOCOL%",
                "/%REQ(:path)%",
                "%REQ(x-none)%",
            ]
            action["path_rewrite"] = rng.choice(formats)
        case "prefix" if not template:
            action["prefix_rewrite"] = rng.choice(["/", "/p", "/p/"])
        case "regex":
            action["regex_rewrite"] = _regex_rewrite(rng)
        case "template" if template:
            names = {"/{x}": "/{x}/y", "/api/{v}/*": "/{v}", "/{a=api/*}/{b=**}": "/{b}/{a}"}
            rewrite = names.get(match["path_match_policy"]["typed_config"]["path_template"], "/fixed")
            package = "type.googleapis.com/envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig"
            config = {"@type": package, "path_template_rewrite": rewrite}
            action["path_rewrite_policy"] = {"name": "template", "typed_config": config}
    match rng.choice(["literal", "header", "regex", "format", "none", "none"]):
        case "format":
            action["host_rewrite"] = rng.choice(["%REQ(x-n)%.host", "%REQ(x-none)%", "fixed.host"])
        case "literal":
            action["host_rewrite_literal"] = "rewritten.host"
        case "header":
            action["host_rewrite_header"] = "x-b"
        case "regex":
            action["host_rewrite_path_regex"] = {"pattern": {"regex": "^/(\\w+)/.*$"}, "substitution": "\\1.host"}
    return {"route": action}


def _route(rng: random.Random, name: str) -> Json:
    route: Json = {"name": name, "match": _match(rng)}
    match rng.choice(["direct", "direct", "redirect", "forward", "forward", "direct-redirect"]):
        case "direct":
            route["direct_response"] = {"status": 200, "body": {"inline_string": name}}
        case "direct-redirect":
            status = rng.choice([201, 302, 304, 404])
            route["direct_response"] = {"status": status, "body": {"inline_string": name}}
        case "redirect":
            route |= _redirect(rng, "path_match_policy" in route["match"])
        case "forward":
            route |= _forward(rng, route["match"])
    return route


def _table(rng: random.Random) -> Json:
    domains = rng.sample(_DOMAINS, rng.randint(2, len(_DOMAINS)))
    hosts: list[Json] = []
    for i, domain in enumerate(domains):
        if hosts and rng.random() < 0.4:
            hosts[-1]["domains"].append(domain)
            continue
        routes = [_route(rng, f"{i}.{n}") for n in range(rng.choice([2, 6, 12]))]
        hosts.append({"name": f"host-{i}", "domains": [domain], "routes": routes})
        if rng.random() < 0.1:
            hosts[-1]["require_tls"] = rng.choice(["ALL", "EXTERNAL_ONLY"])
    table: Json = {"name": "table", "virtual_hosts": hosts}
    for option in ("ignore_port_in_host_matching", "ignore_path_parameters_in_path_matching"):
        if rng.random() < 0.3:
            table[option] = True
    return table


def _listener(rng: random.Random, name: str) -> Json:
    manager: Json = {"normalize_path": rng.random() < 0.6, "merge_slashes": rng.random() < 0.3}
    if rng.random() < 0.5:
        actions = ["KEEP_UNCHANGED", "REJECT_REQUEST", "UNESCAPE_AND_REDIRECT", "UNESCAPE_AND_FORWARD"]
        manager["path_with_escaped_slashes_action"] = rng.choice(actions)
    match rng.choice(["any", "matching", "none", "none"]):
        case "any":
            manager["strip_any_host_port"] = True
        case "matching":
            manager["strip_matching_host_port"] = True
    if rng.random() < 0.2:
        manager["strip_trailing_host_dot"] = True
    if rng.random() < 0.3:
        manager["use_remote_address"] = True
    if rng.random() < 0.2:
        manager["scheme_header_transformation"] = {"scheme_to_overwrite": rng.choice(["http", "https"])}
    return listener(name, filter_chains=[http_chain(_table(rng), **manager)])


def _request(rng: random.Random, port: int) -> Request:
    headers = []
    for name in _HEADER_NAMES:
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            headers.append((rng.choice([name, name.upper()]), rng.choice(_HEADER_VALUES)))
    if rng.random() < 0.1:
        headers.append(
            ("content-type", rng.choice(["application/grpc", "application/grpc+proto", "application/grpc-web"]))
        )
    if rng.random() < 0.15:
        headers.append(("X-Forwarded-Proto", rng.choice(["https", "http", "ws"])))
    headers.append(("x-pick", str(rng.randrange(1000))))
    headers.append(("x-cluster", rng.choice(["one", "two", "three"])))
    host = rng.choice([*_HOSTS, f"a.com:{port}", f"[::1]:{port}"])
    path = rng.choice(["/", "/a", "/api", "/api/v1", "/a/b", _path(rng), _path(rng)]) + rng.choice(_QUERIES)
    if rng.random() < 0.02:
        path += "#part"
    method = rng.choice(["GET", "GET", "GET", "DELETE", "OPTIONS"])
    http = HttpRequest(method=method, authority=host, path=path, headers=tuple(headers))
    return Request(destination=Address("127.0.0.1", port), source=Address("127.0.0.1", 50000), http=http)


async def _compare(truth: Truth, version: str, requests: Callable[[int], list[Request]]) -> Counter[str]:
    """Send requests to every listener; the kinds of answers that were seen, each as predicted."""
    seen: Counter[str] = Counter()
    for name, port in truth.ports.items():
        client = Http2Client("127.0.0.1", port) if version == HTTP2 else HttpClient("127.0.0.1", port)
        for request in requests(port):
            assert request.http is not None
            request = replace(request, http=replace(request.http, version=version))
            answer = trace(truth.resources, request, why=True)
            response = await client.send(request.http)
            want, got = predicted(answer, request.http), observed(response)
            assert got == want, f"{name}: {request.http}\n{answer}"
            seen[want[0]] += 1
        client.close()
    return seen


@pytest.mark.parametrize(("seed", "version"), [(1, HTTP11), (2, HTTP11), (3, HTTP2)])
async def test_random_tables(start_envoy: StartEnvoy, seed: int, version: str) -> None:
    rng = random.Random(seed)
    async with echo_server("one") as one, echo_server("two") as two:
        clusters = [static_cluster("one", (one.ip, one.port)), static_cluster("two", (two.ip, two.port))]
        listeners = [_listener(rng, f"listener-{i}") for i in range(_TABLES)]
        truth = await Truth.start(start_envoy, listeners, clusters)
        seen = await _compare(truth, version, lambda port: [_request(rng, port) for _ in range(_REQUESTS)])
    # The test says little unless every kind of answer occurred often.
    assert all(seen[kind] > 50 for kind in ("local", "body", "location", "forward")), seen
