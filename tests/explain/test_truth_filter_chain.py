# SPDX-License-Identifier: Apache-2.0
"""Filter chains: what the engine predicts is what a real Envoy picks.

A PROXY header in front of each connection gives it any addresses, so that every criterion can be tried on loopback.
"""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import pytest

from lateen.explain import Address, ClientTls, HttpRequest, ProxyProtocol, Request, trace
from lateen.explain.request import HTTP2
from tests.envoy_process import StartEnvoy
from tests.explain.truth import Json, Truth, answering_chain, listener, listener_filter
from tests.explain.wire import client_hello, exchange, proxy_header

_PORTS = [80, 443, 9000]
_IPS = ["10.1.2.3", "10.1.2.200", "10.1.9.9", "10.7.0.1", "192.0.2.1", "2001:db8::5", "2001:db8:1::5"]
_RANGES = [
    ("10.0.0.0", 8),
    ("10.1.0.0", 16),
    ("10.1.2.0", 24),
    ("10.1.2.3", 32),
    ("0.0.0.0", 1),
    ("2001:db8::", 32),
    ("2001:db8::", 64),
]
_NAMES = ["a.example.com", "*.example.com", "*.com", "b.a.example.com", "*.a.example.com", "A.Other.org"]
_ASKED_NAMES = ["a.example.com", "b.a.example.com", "x.example.com", "com", "A.example.COM", "a.other.org", "", "q.net"]
_PROTOCOLS = ["h2", "http/1.1", "h2c", "istio", "http/1.0"]
_LISTENERS, _CHAINS, _REQUESTS = 24, 14, 40


def _ranges(rng: random.Random, chance: float) -> list[Json]:
    if rng.random() >= chance:
        return []
    picked = rng.sample(_RANGES, rng.choice([1, 1, 2]))
    return [{"address_prefix": ip, "prefix_len": length} for ip, length in picked]


def _match(rng: random.Random) -> Json:
    match: Json = {}
    if rng.random() < 0.3:
        match["destination_port"] = rng.choice(_PORTS)
    if ranges := _ranges(rng, 0.4):
        match["prefix_ranges"] = ranges
    if rng.random() < 0.4:
        match["server_names"] = rng.sample(_NAMES, rng.choice([1, 2]))
    if rng.random() < 0.35:
        match["transport_protocol"] = rng.choice(["tls", "raw_buffer"])
    if rng.random() < 0.35:
        match["application_protocols"] = rng.sample(_PROTOCOLS, rng.choice([1, 2]))
    if rng.random() < 0.1:
        match["direct_source_prefix_ranges"] = [{"address_prefix": "127.0.0.0", "prefix_len": rng.choice([8, 32])}]
    if rng.random() < 0.2:
        match["source_type"] = rng.choice(["SAME_IP_OR_LOOPBACK", "EXTERNAL"])
    if ranges := _ranges(rng, 0.2):
        match["source_prefix_ranges"] = ranges
    if rng.random() < 0.2:
        match["source_ports"] = rng.sample([1000, 2000, 3000], rng.choice([1, 2]))
    return match


def _slots(match: Json) -> set[tuple[Any, ...]]:
    """Every combination of single values that a match stands for; Envoy refuses two chains that share one."""

    def ranges(field: str) -> list[tuple[Any, ...]]:
        return [(r["address_prefix"], r["prefix_len"]) for r in match.get(field, [])] or [()]

    return set(
        product(
            [match.get("destination_port", 0)],
            ranges("prefix_ranges"),
            [n.lower() for n in match.get("server_names", [""])],
            [match.get("transport_protocol", "")],
            match.get("application_protocols", [""]),
            ranges("direct_source_prefix_ranges"),
            [match.get("source_type", "ANY")],
            ranges("source_prefix_ranges"),
            match.get("source_ports", [0]),
        )
    )


def _listener(rng: random.Random, name: str) -> Json:
    taken: set[tuple[Any, ...]] = set()
    chains = []
    while len(chains) < _CHAINS:
        match = _match(rng)
        slots = _slots(match)
        if slots.isdisjoint(taken):
            taken |= slots
            chains.append(answering_chain(f"chain-{len(chains)}", filter_chain_match=match))
    filters = [listener_filter("proxy_protocol", "ProxyProtocol", allow_requests_without_proxy_protocol=True)]
    inspectors = [
        listener_filter("tls_inspector", "TlsInspector"),
        listener_filter("http_inspector", "HttpInspector"),
    ]
    for inspector in inspectors:
        if rng.random() < 0.85:
            if rng.random() < 0.3:
                inspector["filter_disabled"] = _predicate(rng)
            filters.append(inspector)
    fields: Json = {"filter_chains": chains, "listener_filters": filters}
    if rng.random() < 0.5:
        fields["default_filter_chain"] = answering_chain("default")
    return listener(name, **fields)


def _predicate(rng: random.Random, depth: int = 0) -> Json:
    kind = rng.choice(["range", "range", "or", "and", "not"]) if depth < 2 else "range"
    if kind == "range":
        start = rng.choice([1, 80, 443])
        return {"destination_port_range": {"start": start, "end": rng.choice([81, 444, 9001])}}
    if kind == "not":
        return {"not_match": _predicate(rng, depth + 1)}
    rules = [_predicate(rng, depth + 1) for _ in range(2)]
    return {f"{kind}_match": {"rules": rules}}


def _request(rng: random.Random, port: int) -> tuple[Request, bytes]:
    """A connection as the engine gets it, and its bytes."""
    header = None
    if rng.random() < 0.9:
        source, destination = (Address(rng.choice(_IPS), rng.choice([1000, 2000, 4000])) for _ in range(2))
        destination = Address(destination.ip, rng.choice(_PORTS))
        if rng.random() < 0.2:
            source = Address(destination.ip, source.port)
        if (":" in source.ip) == (":" in destination.ip):
            header = ProxyProtocol(source, destination)
    prefix = proxy_header(header) if header is not None else b""
    common: dict[str, Any] = {
        "destination": Address("127.0.0.1", port),
        "source": Address("127.0.0.1", 50000),
        "proxy_protocol": header,
    }
    match rng.choice(["tls", "tls", "http", "http2", "bytes"]):
        case "tls":
            alpn = tuple(rng.sample(_PROTOCOLS, rng.choice([0, 1, 2])))
            tls = ClientTls(server_name=rng.choice(_ASKED_NAMES), alpn=alpn)
            return Request(tls=tls, **common), prefix + client_hello(tls)
        case "http":
            version = rng.choice(["HTTP/1.1", "HTTP/1.0"])
            data = f"GET / {version}\r\nHost: a\r\n\r\n".encode()
            return Request(http=HttpRequest(version=version, authority="a"), **common), prefix + data
        case "http2":
            return (
                Request(http=HttpRequest(version=HTTP2, authority="a"), **common),
                prefix + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            )
    return Request(**common), prefix + b"\x00\x01\x02 some bytes of another protocol \r\n\r\n"


@pytest.mark.parametrize("seed", [1, 2])
async def test_random_chains(start_envoy: StartEnvoy, seed: int) -> None:
    rng = random.Random(seed)
    listeners = [_listener(rng, f"listener-{i}") for i in range(_LISTENERS)]
    truth = await Truth.start(start_envoy, listeners)
    picked = set()
    for name, port in truth.ports.items():
        for _ in range(_REQUESTS):
            request, sent = _request(rng, port)
            answer = trace(truth.resources, request, why=True)
            assert answer.listener is not None and answer.listener.name == name
            predicted = answer.filter_chain.name if answer.filter_chain is not None else ""
            assert await exchange("127.0.0.1", port, sent) == predicted, (request, answer)
            picked.add((name, predicted))
    # The test says little unless many different chains were picked.
    assert len(picked) > _LISTENERS * 3


async def test_original_destination(start_envoy: StartEnvoy) -> None:
    """A restored destination hands the connection to its listener: exact address, then the wildcard of its family."""

    def unbound(name: str, address: str, port: int, **fields: Any) -> Json:
        chains = {"filter_chains": [answering_chain(name)]}
        return listener(name, address=address, port=port, bind_to_port=False, **{**chains, **fields})

    catch_all = listener(
        "catch-all",
        use_original_dst=True,
        listener_filters=[listener_filter("proxy_protocol", "ProxyProtocol")],
        filter_chains=[
            answering_chain("looped", filter_chain_match={"destination_port": 15001}),
            answering_chain("passthrough"),
        ],
    )
    listeners = [
        catch_all,
        unbound("exact", "10.0.0.1", 80),
        unbound("wildcard", "0.0.0.0", 80),
        unbound("other-port", "0.0.0.0", 81),
        unbound("six", "::", 82),
        unbound(
            "picky",
            "0.0.0.0",
            83,
            filter_chains=[answering_chain("picky", filter_chain_match={"prefix_ranges": [_cidr("10.9.0.0", 16)]})],
        ),
        unbound(
            "second-address",
            "10.0.0.2",
            84,
            additional_addresses=[{"address": {"socket_address": {"address": "10.0.0.3", "port_value": 85}}}],
        ),
        unbound("six-and-four", "::", 86, address_compat=True),
    ]
    compat = listeners[-1]
    del compat["address_compat"]
    compat["address"]["socket_address"]["ipv4_compat"] = True
    truth = await Truth.start(start_envoy, listeners)
    port = truth.ports["catch-all"]
    seen = set()
    for ip, to in product(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.9.0.1", "2001:db8::1"], [*range(80, 88), 15001]):
        source = Address("2001:db8::9" if ":" in ip else "10.0.0.9", 1234)
        header = ProxyProtocol(source, Address(ip, to))
        request = Request(destination=Address("127.0.0.1", port), proxy_protocol=header)
        answer = trace(truth.resources, request)
        predicted = answer.filter_chain.name if answer.filter_chain is not None else ""
        assert await exchange("127.0.0.1", port, proxy_header(header)) == predicted, (header, answer)
        seen.add(predicted)
    assert {"", "exact", "wildcard", "other-port", "six", "picky", "second-address", "looped", "passthrough"} <= seen


def _cidr(ip: str, length: int) -> Json:
    return {"address_prefix": ip, "prefix_len": length}
