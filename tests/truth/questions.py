# SPDX-License-Identifier: Apache-2.0
"""Random questions: from sidecars outward, to pods from outside of the mesh, and through the gateway."""

from __future__ import annotations

from random import Random

from lateen.explain import Address, ClientTls, HttpRequest
from lateen.explain.request import HTTP2, HTTP11
from tests.truth.question import LOOPBACK, Question
from tests.truth.sidecar import LOCAL_PORT
from tests.truth.vocabulary import (
    EDGE_NAMES,
    ENTRY_ADDRESS,
    HEADER_VALUES,
    METHODS,
    ODD_PATHS,
    PATHS,
    QUERIES,
    REQUEST_HEADERS,
)
from tests.truth.world import (
    ADDRESSES,
    CLIENTS,
    GATEWAY,
    GATEWAY_PORTS,
    PLAIN_PORTS,
    STORE,
    STRANGER,
    THIRD,
    TLS_PORT,
    WEB,
)

_SERVICE_NAMES = {
    WEB: ("web", "web.default", "web.default.svc", WEB, "WEB"),
    THIRD: ("third", "third:8000", THIRD),
    STORE: ("store", "store.other", STORE, "store.other:80"),
}
_NAMES = (
    "static.test",
    "dns.test",
    "dns.test:8080",
    "a.wild.test",
    "virtual.test",
    "a.virtual.test",
    "nobody.test",
    "elsewhere",
    "each.default",
    "a.b.wild.test",
    "static.test:80",
    "static.test.",
    "two.test",
    "workloads.test",
    *EDGE_NAMES,
)
_FOREIGN_ADDRESS = "10.99.9.9"
"""Nobody has it."""


def question(random: Random, addresses: dict[str, str]) -> Question:
    """One of any kind; `addresses` are those of the pods."""
    kind = random.choice(
        (_outbound_http, _outbound_http, _outbound_http, _outbound_bytes, _outbound_tls, _inbound, _edge, _edge)
    )
    return kind(random, addresses)


def _outbound_http(random: Random, addresses: dict[str, str]) -> Question:
    target = random.random()
    if target < 0.04:
        address, name = Address(LOOPBACK, LOCAL_PORT), random.choice((WEB, "web:80", "static.test:80", "nobody.test"))
    elif target < 0.5:
        service = random.choice((WEB, WEB, STORE, STORE, THIRD))
        port = 8000 if service == THIRD else random.choice((80, 80, 80, 81, 7000, 9000))
        address = Address(ADDRESSES[service], port)
        name = random.choice(_SERVICE_NAMES[service])
    elif target < 0.85:
        address = Address(_FOREIGN_ADDRESS, random.choice((80, 80, 8080, 8000, 8081)))
        name = random.choice((*_NAMES, *_SERVICE_NAMES[WEB], *_SERVICE_NAMES[STORE]))
    else:
        pod = random.choice(("web-v1", "web-v2", "store-v1", "store-v2", "outside"))
        address = Address(addresses[pod], random.choice(PLAIN_PORTS))
        name = random.choice((*_NAMES, f"{addresses[pod]}:8080", "each.default", "web"))
    return Question(random.choice(CLIENTS), address, _http(random, name))


def _outbound_bytes(random: Random, addresses: dict[str, str]) -> Question:
    address = random.choice((*ADDRESSES.values(), ENTRY_ADDRESS, "10.99.3.9", "10.99.4.4", *addresses.values()))
    return Question(random.choice(CLIENTS), Address(address, random.choice((9000, 9000, 7000, 5555, 80))))


def _outbound_tls(random: Random, addresses: dict[str, str]) -> Question:
    address = random.choice(
        (
            Address(random.choice((*ADDRESSES.values(), _FOREIGN_ADDRESS)), 443),
            Address(addresses[random.choice(("outside", "store-v2", "web-v1"))], TLS_PORT),
        )
    )
    name = random.choice(("secure.test", "a.wild.test", "www.shop.test", WEB, "nobody.test"))
    http = _http(random, name) if random.random() < 0.5 else None
    return Question(random.choice(CLIENTS), address, http, _tls(random, name, http))


def _inbound(random: Random, addresses: dict[str, str]) -> Question:
    pod = random.choice(("web-v1", "web-v2", "store-v1", "front"))
    port = random.choice((*PLAIN_PORTS, TLS_PORT))
    kind = random.random()
    if port == TLS_PORT and kind < 0.8:
        return Question(STRANGER, Address(addresses[pod], port), None, ClientTls(server_name="secure.test"))
    if kind < 0.6:
        return Question(STRANGER, Address(addresses[pod], port), _http(random, random.choice(("web", "any.test"))))
    return Question(STRANGER, Address(addresses[pod], port))


def _edge(random: Random, addresses: dict[str, str]) -> Question:
    port = random.choice([target for _, target in GATEWAY_PORTS] + [8080, 8443])
    address = Address(addresses[GATEWAY], port)
    name = random.choice(EDGE_NAMES)
    host = random.choice(
        (name, name, name, f"{name}:{port}", f"{name}:99", f"{name}.", name.upper(), random.choice(EDGE_NAMES))
    )
    if port == 9000:
        return Question(STRANGER, address)
    if port == 8443:
        http = _http(random, host) if random.random() < 0.8 else None
        return Question(STRANGER, address, http, _tls(random, name, http))
    return Question(STRANGER, address, _http(random, host))


def _tls(random: Random, name: str, http: HttpRequest | None) -> ClientTls:
    alpn = () if http is None else ("h2",) if http.version == HTTP2 else random.choice(((), ("http/1.1",)))
    return ClientTls(server_name=name, alpn=alpn, certificate=random.random() < 0.4)


def _http(random: Random, authority: str) -> HttpRequest:
    headers = [(n, random.choice(HEADER_VALUES)) for n in REQUEST_HEADERS if random.random() < 0.35]
    if headers and random.random() < 0.15:
        headers.append((headers[0][0], random.choice(HEADER_VALUES)))
    method = random.choice(("GET", "GET", *METHODS))
    if random.random() < 0.1:
        headers += [("origin", "http://origin.test"), ("access-control-request-method", "GET")]
    return HttpRequest(
        scheme=random.choice(("http", "https")) if random.random() < 0.06 else "",
        version=random.choice((HTTP11, HTTP11, HTTP2)),
        method=method,
        authority=authority,
        path=random.choice(ODD_PATHS if random.random() < 0.1 else PATHS) + random.choice(QUERIES),
        headers=tuple(headers),
    )
