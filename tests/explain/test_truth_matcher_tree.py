# SPDX-License-Identifier: Apache-2.0
"""xDS matcher trees that choose filter chains and routes."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

from lateen.explain import Address, ClientTls, HttpRequest, ProxyProtocol, Request, trace
from tests.envoy_process import StartEnvoy
from tests.explain.http_truth import observed, predicted
from tests.explain.truth import Json, Truth, answering_chain, http_chain, listener, listener_filter
from tests.explain.wire import HttpClient, client_hello, exchange, proxy_header

_T = "type.googleapis.com/"
_NETWORK = _T + "envoy.extensions.matching.common_inputs.network.v3."
_CHAINS = [f"chain-{i}" for i in range(6)]
_IPS = ["10.1.2.3", "10.1.9.9", "10.7.0.1", "192.0.2.1"]
_VALUES = {
    "DestinationIPInput": _IPS,
    "SourceIPInput": _IPS,
    "DestinationPortInput": ["80", "443", "9000"],
    "ServerNameInput": ["a.example.com", "b.example.com", "example.com"],
    "TransportProtocolInput": ["tls", "raw_buffer"],
    "ApplicationProtocolInput": ["'h2'", "'http/1.1'", "'h2','http/1.1'"],
    "SourceTypeInput": ["local"],
}
_LISTENERS, _REQUESTS = 30, 30


def _extension(kind: str, **fields: Any) -> Json:
    return {"name": kind, "typed_config": {"@type": kind, **fields}}


def _input(rng: random.Random) -> tuple[str, Json]:
    kind = rng.choice(list(_VALUES))
    return kind, _extension(_NETWORK + kind)


def _on_match(rng: random.Random, depth: int) -> Json:
    if depth > 2 or rng.random() < 0.6:
        return {"action": _extension(_T + "google.protobuf.StringValue", value=rng.choice([*_CHAINS, "missing"]))}
    return {"matcher": _tree(rng, depth + 1)}


def _predicate(rng: random.Random, depth: int = 0) -> Json:
    kind = rng.choice(["single", "single", "and", "or", "not"]) if depth < 2 else "single"
    if kind == "single":
        name, source = _input(rng)
        match = rng.choice(["exact", "prefix", "suffix", "contains"])
        value = rng.choice(_VALUES[name])
        operand = value if match == "exact" else value[:3] if match == "prefix" else value[-3:]
        return {"single_predicate": {"input": source, "value_match": {match: operand}}}
    if kind == "not":
        return {"not_matcher": _predicate(rng, depth + 1)}
    return {f"{kind}_matcher": {"predicate": [_predicate(rng, depth + 1) for _ in range(2)]}}


def _tree(rng: random.Random, depth: int = 0) -> Json:
    tree: Json = {}
    match rng.choice(["list", "exact", "prefix", "address", "name"]):
        case "list":
            matchers = [{"predicate": _predicate(rng), "on_match": _on_match(rng, depth)} for _ in range(3)]
            tree["matcher_list"] = {"matchers": matchers}
        case "exact":
            name, source = _input(rng)
            entries = {v: _on_match(rng, depth) for v in _VALUES[name]}
            tree["matcher_tree"] = {"input": source, "exact_match_map": {"map": entries}}
        case "prefix":
            name, source = _input(rng)
            entries = {v[:n]: _on_match(rng, depth) for v, n in product(_VALUES[name], [2, 5])}
            tree["matcher_tree"] = {"input": source, "prefix_match_map": {"map": entries}}
        case "address":
            kind = rng.choice(["DestinationIPInput", "SourceIPInput"])
            ranges = [("10.0.0.0", 8), ("10.1.0.0", 16), ("10.1.2.0", 24), ("192.0.2.1", 32)]
            entries_ = [
                {
                    "ranges": [{"address_prefix": ip, "prefix_len": n} for ip, n in rng.sample(ranges, 2)],
                    "on_match": _on_match(rng, depth),
                    "exclusive": rng.random() < 0.3,
                }
                for _ in range(2)
            ]
            custom = _extension(_T + "xds.type.matcher.v3.IPMatcher", range_matchers=entries_)
            tree["matcher_tree"] = {"input": _extension(_NETWORK + kind), "custom_match": custom}
        case "name":
            domains = ["a.example.com", "*.example.com", "*.com", "*"]
            rng.shuffle(domains)
            entries_ = [{"domains": domains[:2], "on_match": _on_match(rng, depth)}]
            entries_ += [{"domains": domains[2:3], "on_match": _on_match(rng, depth)}]
            custom = _extension(_T + "xds.type.matcher.v3.ServerNameMatcher", domain_matchers=entries_)
            tree["matcher_tree"] = {"input": _extension(_NETWORK + "ServerNameInput"), "custom_match": custom}
    if rng.random() < 0.5:
        tree["on_no_match"] = _on_match(rng, depth)
    return tree


async def test_filter_chain_matcher(start_envoy: StartEnvoy) -> None:
    rng = random.Random(7)
    filters = [
        listener_filter("proxy_protocol", "ProxyProtocol"),
        listener_filter("tls_inspector", "TlsInspector"),
    ]
    listeners = []
    for i in range(_LISTENERS):
        fields: Json = {"filter_chain_matcher": _tree(rng), "listener_filters": filters}
        if rng.random() < 0.5:
            fields["default_filter_chain"] = answering_chain("default")
        chains = [answering_chain(name) for name in _CHAINS]
        listeners.append(listener(f"listener-{i}", filter_chains=chains, **fields))
    truth = await Truth.start(start_envoy, listeners)
    seen = set()
    for name, port in truth.ports.items():
        for _ in range(_REQUESTS):
            source, destination = (
                Address(rng.choice(_IPS), 1000),
                Address(rng.choice(_IPS), rng.choice([80, 443, 9000])),
            )
            header = ProxyProtocol(source, destination)
            names = ["a.example.com", "x.a.example.com", "b.example.com", "example.com", "com", "A.EXAMPLE.COM", ""]
            protocols = rng.choice([(), ("h2",), ("http/1.1",), ("h2", "http/1.1")])
            tls = ClientTls(server_name=rng.choice(names), alpn=protocols) if rng.random() < 0.7 else None
            request = Request(destination=Address("127.0.0.1", port), proxy_protocol=header, tls=tls)
            answer = trace(truth.resources, request)
            want = answer.filter_chain.name if answer.filter_chain is not None else ""
            sent = client_hello(tls) if tls is not None else b"neither TLS nor HTTP"
            assert await exchange("127.0.0.1", port, proxy_header(header) + sent) == want, f"{name} {request}"
            seen.add((name, want))
    assert len(seen) > _LISTENERS * 2


async def test_virtual_host_matcher(start_envoy: StartEnvoy) -> None:
    """A virtual host whose routes hang on a tree over headers, one route or a list of them at each leaf."""
    tenant = _extension(_T + "envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name="x-tenant")
    version = _extension(_T + "envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name="x-version")

    def route(body: str, **match: Any) -> Json:
        answer = {"status": 200, "body": {"inline_string": body}}
        return {"name": body, "match": match or {"prefix": "/"}, "direct_response": answer}

    def one(body: str, **match: Any) -> Json:
        return {"action": _extension(_T + "envoy.config.route.v3.Route", **route(body, **match))}

    several = _extension(
        _T + "envoy.config.route.v3.RouteList", routes=[route("1 list", prefix="/a"), route("2 list", path="/b")]
    )
    versions = {"1": one("3"), "12": {"action": several}}
    tenants = {
        "blue": one("4", prefix="/a"),
        "green": {"matcher": {"matcher_tree": {"input": version, "prefix_match_map": {"map": versions}}}},
        "a,b": one("5"),
    }
    tree = {
        "matcher_tree": {"input": tenant, "exact_match_map": {"map": tenants}},
        "on_no_match": one("6", path="/b"),
    }
    table = {"virtual_hosts": [{"name": "v", "domains": ["*"], "matcher": tree}]}
    truth = await Truth.start(start_envoy, [listener("in", filter_chains=[http_chain(table)])])
    port = truth.ports["in"]
    client = HttpClient("127.0.0.1", port)
    seen = set()
    asked: list[list[str]] = [[], ["blue"], ["green"], ["red"], ["a", "b"], [""]]
    for names, number, path in product(asked, ["", "1", "12", "123", "2"], ["/a", "/b", "/"]):
        headers = (*(("x-tenant", n) for n in names), ("x-version", number))
        http = HttpRequest(authority="h", path=path, headers=headers)
        answer = trace(truth.resources, Request(destination=Address("127.0.0.1", port), http=http))
        want = predicted(answer, http)
        assert observed(await client.send(http)) == want, http
        seen.add(want)
    client.close()
    assert len(seen) == 7
