# SPDX-License-Identifier: Apache-2.0
"""Filters that answer in a route's stead: access control on connections and requests, faults, CORS preflights."""

from __future__ import annotations

import random
import ssl
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from lateen.explain import Address, ClientTls, HttpRequest, ProxyProtocol, Request, trace
from lateen.explain.decision import Problem
from tests.envoy_process import StartEnvoy
from tests.explain.certificates import Authority
from tests.explain.http_truth import observed, predicted
from tests.explain.truth import ROUTER, Json, Truth, http_chain, listener, listener_filter, static_cluster
from tests.explain.wire import HttpClient, client_hello, exchange, proxy_header, recorder

_T = "type.googleapis.com/"
_FILTERS = _T + "envoy.extensions.filters."
_RBAC, _NETWORK_RBAC = _FILTERS + "http.rbac.v3.RBAC", _FILTERS + "network.rbac.v3.RBAC"
_RBAC_PER_ROUTE = _FILTERS + "http.rbac.v3.RBACPerRoute"
_FAULT = _FILTERS + "http.fault.v3.HTTPFault"
_CORS, _CORS_POLICY = _FILTERS + "http.cors.v3.Cors", _FILTERS + "http.cors.v3.CorsPolicy"
_IPS = ["10.1.2.3", "10.1.9.9", "10.7.0.1", "192.0.2.1"]
_RANGES = [("10.0.0.0", 8), ("10.1.0.0", 16), ("10.1.2.3", 32), ("192.0.2.0", 24)]
_PORTS = [80, 443, 9000]


def _cidr(rng: random.Random) -> Json:
    ip, length = rng.choice(_RANGES)
    return {"address_prefix": ip, "prefix_len": length}


def _string(rng: random.Random, *values: str) -> Json:
    value = rng.choice(values)
    kind = rng.choice(["exact", "prefix", "suffix", "contains", "safe_regex"])
    match kind:
        case "safe_regex":
            return {"safe_regex": {"regex": rng.choice([".*", ".+", value.replace(".", "\\.") + ".*"])}}
        case "prefix":
            return {"prefix": value[:3]}
        case "suffix":
            return {"suffix": value[-3:]}
    return {kind: value}


def _permission(rng: random.Random, http: bool, depth: int = 0) -> Json:
    kinds = ["destination_ip", "destination_port", "destination_port_range", "requested_server_name", "any"]
    kinds += ["header", "url_path", "url_path"] if http else []
    kinds += ["and", "or", "not"] if depth < 2 else []
    match rng.choice(kinds):
        case "destination_ip":
            return {"destination_ip": _cidr(rng)}
        case "destination_port":
            return {"destination_port": rng.choice(_PORTS)}
        case "destination_port_range":
            return {"destination_port_range": {"start": rng.choice([1, 80, 443]), "end": rng.choice([444, 9000, 9001])}}
        case "requested_server_name":
            return {"requested_server_name": _string(rng, "a.example.com", "b.example.com")}
        case "header":
            return {
                "header": {"name": rng.choice([":method", "x-a", "host"]), "string_match": _string(rng, "GET", "a")}
            }
        case "url_path":
            return {"url_path": {"path": _string(rng, "/a", "/a/b", "/api")}}
        case "and":
            return {"and_rules": {"rules": [_permission(rng, http, depth + 1) for _ in range(2)]}}
        case "or":
            return {"or_rules": {"rules": [_permission(rng, http, depth + 1) for _ in range(2)]}}
        case "not":
            return {"not_rule": _permission(rng, http, depth + 1)}
    return {"any": True}


def _principal(rng: random.Random, http: bool, depth: int = 0) -> Json:
    kinds = ["source_ip", "direct_remote_ip", "remote_ip", "authenticated", "any"]
    kinds += ["header"] if http else []
    kinds += ["and", "or", "not"] if depth < 2 else []
    match rng.choice(kinds):
        case "source_ip":
            return {"source_ip": _cidr(rng)}
        case "direct_remote_ip":
            return {"direct_remote_ip": rng.choice([_cidr(rng), {"address_prefix": "127.0.0.1", "prefix_len": 32}])}
        case "remote_ip":
            return {"remote_ip": _cidr(rng)}
        case "authenticated":
            return {"authenticated": {}}
        case "header":
            return {"header": {"name": "x-a", "present_match": True, "invert_match": rng.random() < 0.5}}
        case "and":
            return {"and_ids": {"ids": [_principal(rng, http, depth + 1) for _ in range(2)]}}
        case "or":
            return {"or_ids": {"ids": [_principal(rng, http, depth + 1) for _ in range(2)]}}
        case "not":
            return {"not_id": _principal(rng, http, depth + 1)}
    return {"any": True}


def _rules(rng: random.Random, http: bool) -> Json:
    policies = {
        f"policy-{i}": {
            "permissions": [_permission(rng, http) for _ in range(rng.choice([1, 2]))],
            "principals": [_principal(rng, http) for _ in range(rng.choice([1, 2]))],
        }
        for i in range(rng.choice([1, 1, 2]))
    }
    return {"rules": {"action": rng.choice(["ALLOW", "ALLOW", "DENY", "LOG"]), "policies": policies}}


def _http_filters(*filters: tuple[str, str, Json]) -> list[Json]:
    out = [{"name": name, "typed_config": {"@type": kind, **config}} for name, kind, config in filters]
    return [*out, {"name": "router", "typed_config": {"@type": ROUTER}}]


def _says(body: str, **route: Any) -> Json:
    return {"direct_response": {"status": 200, "body": {"inline_string": body}}, **route}


async def test_access_to_connections(start_envoy: StartEnvoy) -> None:
    rng = random.Random(3)
    listeners = []
    for i in range(30):
        proxy = {"@type": _FILTERS + "network.tcp_proxy.v3.TcpProxy", "stat_prefix": "tcp", "cluster": "inside"}
        chain: Json = {"filters": [{"name": "tcp", "typed_config": proxy}]}
        for n in range(rng.choice([1, 2])):
            config = {"@type": _NETWORK_RBAC, "stat_prefix": "r", **_rules(rng, http=False)}
            chain["filters"].insert(0, {"name": f"rbac-{n}", "typed_config": config})
        filters = [listener_filter("proxy_protocol", "ProxyProtocol"), listener_filter("tls_inspector", "TlsInspector")]
        listeners.append(listener(f"listener-{i}", filter_chains=[chain], listener_filters=filters))
    seen = []
    async with recorder([], b"let in") as inside:
        truth = await Truth.start(start_envoy, listeners, [static_cluster("inside", (inside.ip, inside.port))])
        for name, port in truth.ports.items():
            for _ in range(20):
                to = Address(rng.choice(_IPS), rng.choice(_PORTS))
                header = ProxyProtocol(Address(rng.choice(_IPS), 1000), to)
                names = ["a.example.com", "b.example.com", "c"]
                tls = ClientTls(server_name=rng.choice(names)) if rng.random() < 0.5 else None
                request = Request(
                    destination=Address("127.0.0.1", port),
                    source=Address("127.0.0.1", 50000),
                    proxy_protocol=header,
                    tls=tls,
                )
                answer = trace(truth.resources, request)
                denied = answer.failure is not None and answer.failure.problem is Problem.DENIED
                sent = client_hello(tls) if tls is not None else b"neither TLS nor HTTP"
                got = await exchange("127.0.0.1", port, proxy_header(header) + sent)
                assert got == ("" if denied else "let in"), f"{name} {request}\n{answer.network_filters}"
                seen.append(denied)
    assert 50 < sum(seen) < len(seen) - 50


async def test_access_to_requests(start_envoy: StartEnvoy) -> None:
    rng = random.Random(4)
    listeners = []
    for i in range(40):
        per_route = {"@type": _RBAC_PER_ROUTE, **({"rbac": _rules(rng, http=True)} if rng.random() < 0.7 else {})}
        off = {"@type": _T + "envoy.config.route.v3.FilterConfig", "disabled": True}
        routes = [
            _says("1", match={"prefix": "/a/"}, typed_per_filter_config={"one": per_route}),
            _says("2", match={"path": "/api"}, typed_per_filter_config={"two": off}),
            _says("3", match={"prefix": "/a"}),
        ]
        table = {"virtual_hosts": [{"name": "v", "domains": ["a", "x"], "routes": routes}]}
        if rng.random() < 0.3:
            table["virtual_hosts"][0]["typed_per_filter_config"] = {"one": off}
        filters = _http_filters(("one", _RBAC, _rules(rng, http=True)), ("two", _RBAC, _rules(rng, http=True)))
        chain = http_chain(table, http_filters=filters, use_remote_address=rng.random() < 0.5)
        accept = listener_filter("proxy_protocol", "ProxyProtocol", allow_requests_without_proxy_protocol=True)
        listeners.append(listener(f"listener-{i}", filter_chains=[chain], listener_filters=[accept]))
    truth = await Truth.start(start_envoy, listeners)
    seen = []
    for name, port in truth.ports.items():
        client = HttpClient("127.0.0.1", port)
        for _ in range(25):
            headers = [("x-a", rng.choice(["a", "b"]))] if rng.random() < 0.5 else []
            if rng.random() < 0.3:
                headers.append(("x-forwarded-for", ", ".join(rng.sample(_IPS, rng.choice([1, 2])))))
            path = rng.choice(["/a", "/a/b", "/api", "/api?x=/a", "/none"])
            method = rng.choice(["GET", "DELETE"])
            http = HttpRequest(
                method=method, authority=rng.choice(["a", "x", "nowhere"]), path=path, headers=tuple(headers)
            )
            source = Address("127.0.0.1", 50000)
            request = Request(destination=Address("127.0.0.1", port), source=source, http=http)
            answer = trace(truth.resources, request)
            want = predicted(answer, http)
            got = observed(await client.send(http))
            assert got == want, f"{name} {http}\n{answer.http}"
            seen.append(want)
        client.close()
    assert seen.count(("local", 403)) > 100
    assert len(set(seen)) == 5


@pytest.mark.parametrize("dns", [True, False])
async def test_identity_of_the_client(start_envoy: StartEnvoy, tmp_path: Path, dns: bool) -> None:
    """The names in a certificate that count: URIs and DNS names, or the subject where it has neither."""
    authority = Authority(tmp_path, "root")
    server = authority.issue("server")
    clients = {
        (): authority.issue("client", dns=dns),
        ("spiffe://mesh/ns/a/sa/b",): authority.issue("both", "spiffe://mesh/ns/a/sa/b", dns=dns),
    }
    wanted = ["spiffe://mesh/ns/a/sa/b", "client", "CN=client", "both", "CN=both"]
    certificate = {
        "certificate_chain": {"filename": str(server.certificate)},
        "private_key": {"filename": str(server.key)},
    }
    context = {
        "@type": _T + "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "tls_certificates": [certificate],
            "validation_context": {"trusted_ca": {"filename": str(authority.root)}},
        },
    }
    listeners = []
    for name in wanted:
        principal = {"authenticated": {"principal_name": {"exact": name}}}
        policy = {"permissions": [{"any": True}], "principals": [principal]}
        rules = {"rules": {"action": "ALLOW", "policies": {"p": policy}}}
        table = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [_says("1", match={"prefix": "/"})]}]}
        chain = http_chain(table, http_filters=_http_filters(("rbac", _RBAC, rules)))
        chain["transport_socket"] = {"name": "tls", "typed_config": context}
        listeners.append(listener(name, filter_chains=[chain]))
    truth = await Truth.start(start_envoy, listeners)
    allowed = 0
    for name, (uris, pair) in product(wanted, [*clients.items(), ((), None)]):
        client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client_context.check_hostname = False
        client_context.verify_mode = ssl.CERT_NONE
        common = pair.certificate.stem if pair is not None else ""
        if pair is not None:
            client_context.load_cert_chain(pair.certificate, pair.key)
        tls = ClientTls(
            certificate=pair is not None,
            uris=uris,
            dns_names=(common,) if dns and pair is not None else (),
            subject=f"CN={common}",
        )
        http = HttpRequest(authority="a")
        port = truth.ports[name]
        answer = trace(truth.resources, Request(destination=Address("127.0.0.1", port), tls=tls, http=http))
        client = HttpClient("127.0.0.1", port, client_context)
        want = predicted(answer, http)
        assert observed(await client.send(http)) == want, (name, tls)
        client.close()
        allowed += want[0] == "body"
    assert allowed >= 2


async def test_faults(start_envoy: StartEnvoy) -> None:
    whole = {"numerator": 100}
    faults: list[Json] = [
        {"abort": {"http_status": 418, "percentage": whole}},
        {"abort": {"http_status": 418, "percentage": {"numerator": 0}}},
        {"abort": {"http_status": 418}},
        {"abort": {"grpc_status": 7, "percentage": {"numerator": 10000, "denominator": "TEN_THOUSAND"}}},
        {"abort": {"header_abort": {}, "percentage": whole}},
        {"abort": {"http_status": 500, "percentage": whole}, "headers": [{"name": "x-a", "present_match": True}]},
        {"abort": {"http_status": 500, "percentage": whole}, "upstream_cluster": "elsewhere"},
        {"abort": {"http_status": 500, "percentage": whole}, "downstream_nodes": ["node-1"]},
        {"abort": {"http_status": 503, "percentage": whole}, "delay": {"fixed_delay": "0.001s", "percentage": whole}},
    ]
    routes = [
        _says(str(i), match={"path": f"/{i}"}, typed_per_filter_config={"fault": {"@type": _FAULT, **fault}})
        for i, fault in enumerate(faults)
    ]
    routes.append(_says("9", match={"prefix": "/"}))
    table = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]}
    chain = http_chain(table, http_filters=_http_filters(("fault", _FAULT, {})))
    truth = await Truth.start(start_envoy, [listener("in", filter_chains=[chain])])
    port = truth.ports["in"]
    client = HttpClient("127.0.0.1", port)
    headers = [
        (),
        (("x-a", "1"),),
        (("x-envoy-fault-abort-request", "429"),),
        (("x-envoy-fault-abort-request", "429"), ("x-envoy-fault-abort-request-percentage", "0")),
        (("x-envoy-fault-abort-request", "1000"),),
        (("x-envoy-fault-abort-grpc-request", "5"),),
        (("x-envoy-downstream-service-node", "node-1"),),
    ]
    seen = set()
    for i, sent in product(range(len(faults) + 1), headers):
        http = HttpRequest(authority="a", path=f"/{i}", headers=sent)
        answer = trace(truth.resources, Request(destination=Address("127.0.0.1", port), http=http))
        response = await client.send(http)
        if answer.failure is not None:
            assert answer.failure.problem is Problem.FAULT
            assert response.status == answer.failure.status, http
        else:
            assert observed(response) == predicted(answer, http), http
        seen.add(response.status)
    client.close()
    assert seen == {200, 418, 429, 500, 503}


async def test_cors_preflights(start_envoy: StartEnvoy) -> None:
    origins = [{"exact": "https://a.example"}, {"safe_regex": {"regex": "https://.*\\.b\\.example"}}]
    policies: list[Json] = [
        {"allow_origin_string_match": origins, "allow_methods": "GET"},
        {"allow_origin_string_match": origins, "filter_enabled": {"default_value": {"numerator": 0}}},
        {"allow_origin_string_match": [{"safe_regex": {"regex": ".*"}}], "allow_credentials": True},
        {"allow_origin_string_match": origins, "forward_not_matching_preflights": False},
        {},
    ]

    def with_policy(i: int) -> Json:
        return {"typed_per_filter_config": {"cors": {"@type": _CORS_POLICY, **policies[i]}}}

    numbers = range(len(policies))
    routes = [{"match": {"path": f"/{i}"}, "route": {"cluster": "gone"}, **with_policy(i)} for i in numbers]
    # The filter leaves alone what is not forwarded.
    routes += [_says(str(i), match={"path": f"/{i}/direct"}, **with_policy(i)) for i in numbers]
    routes.append({"match": {"prefix": "/"}, "route": {"cluster": "gone"}})
    table = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]}
    chain = http_chain(table, http_filters=_http_filters(("cors", _CORS, {})))
    truth = await Truth.start(start_envoy, [listener("in", filter_chains=[chain])])
    port = truth.ports["in"]
    client = HttpClient("127.0.0.1", port)
    answered = 0
    origins_sent = [None, "https://a.example", "https://x.b.example", "https://c.example", ""]
    paths = [f"/{i}{rest}" for i in range(len(policies) + 1) for rest in ("", "/direct")]
    for path, origin, method, wish in product(paths, origins_sent, ["OPTIONS", "GET"], ["PUT", "", None]):
        headers = () if origin is None else (("Origin", origin),)
        headers += () if wish is None else (("Access-Control-Request-Method", wish),)
        http = HttpRequest(method=method, authority="a", path=path, headers=headers)
        answer = trace(truth.resources, Request(destination=Address("127.0.0.1", port), http=http))
        want = predicted(answer, http)
        got = observed(await client.send(http))
        assert got == (("local", 200) if want == ("body", 200, "") else want), http
        assert answer.http is not None
        answered += bool(answer.http.answered_by)
    client.close()
    assert answered > 5
