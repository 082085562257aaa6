# SPDX-License-Identifier: Apache-2.0
"""Random VirtualServices and random calls that have a fair chance to meet them."""

from __future__ import annotations

import random
from typing import Any

from tests.compile.routing.api_oracle import Call

Json = dict[str, Any]

SERVICES = {
    "catalog.plaza.svc.cluster.local": (80, 8080),
    "basket.market.svc.cluster.local": (80,),
    "prices.plaza.svc.cluster.local": (8080,),
}
OUTSIDE = "shop.example.com"
NAMES = {
    "catalog": "catalog.plaza.svc.cluster.local",
    "catalog.plaza": "catalog.plaza.svc.cluster.local",
    "Catalog.Plaza.svc": "catalog.plaza.svc.cluster.local",
    "catalog.plaza.svc.cluster.local.": "catalog.plaza.svc.cluster.local",
    "10.2.0.1": "catalog.plaza.svc.cluster.local",
    "basket.market": "basket.market.svc.cluster.local",
    "basket.market.svc.cluster.local": "basket.market.svc.cluster.local",
    "basket": "basket",
    "prices": "prices.plaza.svc.cluster.local",
    "prices.plaza.svc.cluster.local": "prices.plaza.svc.cluster.local",
    OUTSIDE: OUTSIDE,
    "unknown.example.com": "unknown.example.com",
}
"""The names that a client in `plaza` may use, and what they mean."""

_PATHS = ["/", "/a", "/a/b", "/A/B", "/api/v1", "/api/v2/items", "/items/42", "/x"]
_HEADERS = ["x-user", "x-version", "x-mode"]
_VALUES = ["", "a", "ab", "v1", "v2", "42"]


def rules(rng: random.Random) -> list[Json]:
    """A few VirtualServices, the oldest first."""
    return [_rule(rng, index) for index in range(rng.randint(2, 6))]


def call(rng: random.Random) -> Call:
    """A request from a sidecar in `plaza`."""
    return Call(
        port=rng.choice([80, 80, 8080]),
        host=rng.choice(list(NAMES)),
        method=rng.choice(["GET", "GET", "PUT", "DELETE"]),
        path=rng.choice(_PATHS),
        query={name: rng.choice(_VALUES) for name in ("q", "page") if rng.random() < 0.3},
        headers={name: rng.choice(_VALUES) for name in _HEADERS if rng.random() < 0.5},
    )


def _rule(rng: random.Random, index: int) -> Json:
    hosts = rng.sample([*SERVICES, OUTSIDE], rng.randint(1, 2))
    created = f"2020-01-{index + 1:02d}T00:00:00Z"
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": f"rule-{index}", "namespace": "plaza", "creationTimestamp": created},
        "spec": {"hosts": hosts, "http": [_route(rng, f"{index}.{at}") for at in range(rng.randint(1, 4))]},
    }


def _route(rng: random.Random, name: str) -> Json:
    route: Json = {"name": name}
    matches = [_match(rng) for _ in range(rng.choice([0, 1, 1, 2]))]
    if matches:
        route["match"] = matches
    match rng.choice(["direct", "direct", "redirect", "redirect", "forward", "forward", "forward"]):
        case "direct":
            route["directResponse"] = {"status": rng.choice([200, 404, 503]), "body": {"string": f"1{name}"}}
        case "redirect":
            route["redirect"] = _redirect(rng)
        case "forward":
            route |= _forward(rng)
    return route


def _match(rng: random.Random) -> Json:
    found: Json = {}
    if rng.random() < 0.8:
        found["uri"] = rng.choice(
            [
                {"exact": "/a/b"},
                {"exact": "/items/42"},
                {"prefix": "/a"},
                {"prefix": "/api"},
                {"prefix": "/"},
                {"regex": "/items/[0-9]+"},
                {"regex": "/a.*"},
            ]
        )
        if rng.random() < 0.2:
            found["ignoreUriCase"] = True
    choices: dict[str, list[Any]] = {
        "method": [{"exact": "GET"}, {"regex": "PUT|DELETE"}],
        "authority": [{"prefix": "catalog"}, {"exact": "basket.market"}],
        "scheme": [{"exact": "http"}, {"exact": "https"}],
        "port": [80, 8080],
        "sourceLabels": [{"app": "web"}, {"app": "other"}],
        "sourceNamespace": ["plaza", "market"],
    }
    for field, values in choices.items():
        if rng.random() < 0.08:
            found[field] = rng.choice(values)
    for field, names, chance in (("headers", _HEADERS, 0.3), ("withoutHeaders", _HEADERS, 0.2)):
        if rng.random() < chance:
            found[field] = {name: _string(rng) for name in rng.sample(names, rng.randint(1, 2))}
    if rng.random() < 0.2:
        found["queryParams"] = {rng.choice(["q", "page"]): _string(rng)}
    return found or {"uri": {"prefix": "/"}}


def _string(rng: random.Random) -> Json:
    return rng.choice([{}, {"exact": "a"}, {"exact": "42"}, {"prefix": "a"}, {"prefix": "v"}, {"regex": "v[12]|"}])


def _redirect(rng: random.Random) -> Json:
    redirect: Json = {"redirectCode": rng.choice([301, 302, 303, 307, 308])}
    for field, value in {"uri": "/moved", "authority": "new.example.com", "scheme": "https", "port": 9443}.items():
        if rng.random() < 0.5:
            redirect[field] = value
    if redirect.keys() == {"redirectCode"}:
        redirect["uri"] = "/elsewhere"
    return redirect


def _forward(rng: random.Random) -> Json:
    targets: list[Json] = [{"destination": _destination(rng)} for _ in range(rng.choice([1, 1, 2, 3]))]
    if len(targets) > 1:
        for target in targets:
            target["weight"] = rng.choice([0, 1, 50])
        targets[0]["weight"] = 7
    route: Json = {"route": targets}
    if rng.random() < 0.4:
        route["rewrite"] = rng.choice(
            [
                {"uri": "/new"},
                {"uri": "/"},
                {"authority": "rewritten.internal"},
                {"uri": "/n/", "authority": "rewritten.internal"},
                {"uriRegexRewrite": {"match": "^/([a-z]+)/(.*)$", "rewrite": r"/\2/\1"}},
            ]
        )
    if rng.random() < 0.4:
        request: Json = {"set": {"x-user": "set"}, "add": {"x-mode": "added"}, "remove": ["x-version"]}
        if rng.random() < 0.3 and "authority" not in route.get("rewrite", {}):
            request["set"]["host"] = "set.internal"
        route["headers"] = {"request": request}
    return route


def _destination(rng: random.Random) -> Json:
    destination: Json = {"host": rng.choice(list(SERVICES))}
    if rng.random() < 0.5:
        destination["port"] = {"number": rng.choice([80, 8080])}
    if rng.random() < 0.4:
        destination["subset"] = rng.choice(["v1", "v2"])
    return destination
