# SPDX-License-Identifier: Apache-2.0
"""Rules with every kind of nonsense in them: nothing raises, and a real Envoy takes whatever is not refused."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from lateen.compile.routing.http_routes import (
    EVERY_REQUEST,
    Refusal,
    RouteOptions,
    Target,
    destinations,
    http_routes,
)
from lateen.compile.routing.virtual_service import virtual_service_ref
from lateen.model.duration import Duration
from lateen.model.message import FrozenMap
from lateen.model.networking.destination import Destination, HeaderOperations, Headers, HTTPRouteDestination
from lateen.model.networking.http_match import HTTPMatchRequest, StringMatch
from lateen.model.networking.http_policy import (
    Abort,
    CorsPolicy,
    Delay,
    HTTPFaultInjection,
    HTTPRetry,
    Percent,
)
from lateen.model.networking.http_route import (
    HTTPBody,
    HTTPDirectResponse,
    HTTPRedirect,
    HTTPRewrite,
    HTTPRoute,
    RegexRewrite,
)
from lateen.model.networking.load_balancer import ConsistentHashLB, HTTPCookie
from tests.envoy_validation import refusal
from tests.golden.messages import table_listener

ROUTES = 400
_TEXTS = [
    "",
    "/",
    "/a",
    "a b",
    "(",
    "[a-z]+",
    ".*",
    "*",
    "\n",
    "\x00",
    "ü",
    "\ud800",
    "%",
    "%REQ(x)%",
    "%NO%",
    "x" * 20_000,
]
_TEXTS += ["host", ":path", "x-a", "a,b", r"\1", r"\9", "@request.auth.claims.a", "@request.auth.claims[]"]
_NUMBERS = [0, 1, -1, 99, 200, 304, 600, 2**31, 2**32, 2**63, -(2**40)]


class _Nonsense:
    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def text(self) -> str:
        return self._rng.choice(_TEXTS)

    def number(self) -> int:
        return self._rng.choice(_NUMBERS)

    def some(self, value: Any) -> Any:
        return value if self._rng.random() < 0.4 else None

    def percent(self) -> Percent:
        return Percent(value=self._rng.choice([0.0, 50.0, 100.0, -1.0, 1e12, 0.00001]))

    def string(self) -> StringMatch:
        kind = self._rng.choice(["exact", "prefix", "regex", ""])
        return StringMatch(**{kind: self.text()}) if kind else StringMatch()

    def strings(self) -> FrozenMap[str, StringMatch]:
        return FrozenMap({self.text(): self.string() for _ in range(self._rng.choice([0, 0, 1, 2]))})

    def texts(self) -> FrozenMap[str, str]:
        return FrozenMap({self.text(): self.text() for _ in range(self._rng.choice([0, 1, 2]))})

    def headers(self) -> Headers:
        operations = HeaderOperations(set=self.texts(), add=self.texts(), remove=(self.text(),))
        return Headers(request=self.some(operations), response=self.some(operations))

    def match(self) -> HTTPMatchRequest:
        return HTTPMatchRequest(
            name=self.text(),
            uri=self.some(self.string()),
            method=self.some(self.string()),
            headers=self.strings(),
            without_headers=self.strings(),
            query_params=self.strings(),
            stat_prefix=self.text(),
        )

    def target(self) -> HTTPRouteDestination:
        destination = Destination(host=self.text(), subset=self.text())
        return HTTPRouteDestination(destination=destination, weight=self.number(), headers=self.some(self.headers()))

    def route(self) -> HTTPRoute:
        rewrite = HTTPRewrite(
            uri=self.text(),
            authority=self.text(),
            uri_regex_rewrite=self.some(RegexRewrite(match=self.text(), rewrite=self.text())),
        )
        retries = HTTPRetry(
            attempts=self.number(),
            per_try_timeout=self.some(self.number()),
            retry_on=self.text(),
            backoff=self.some(self.number()),
        )
        fault = HTTPFaultInjection(
            delay=self.some(Delay(fixed_delay=Duration(self.number()), percentage=self.percent())),
            abort=self.some(Abort(http_status=self.number(), percentage=self.percent())),
        )
        cors = CorsPolicy(
            allow_origins=(self.string(),), allow_methods=(self.text(),), max_age=self.some(self.number())
        )
        direct = HTTPDirectResponse(status=self.number(), body=self.some(HTTPBody(string=self.text())))
        redirect = HTTPRedirect(uri=self.text(), authority=self.text(), port=self.number(), scheme=self.text())
        answered = self._rng.random() < 0.3
        return HTTPRoute(
            name=self.text(),
            match=(self.match(),),
            route=tuple(self.target() for _ in range(self._rng.choice([0, 1, 2]))),
            redirect=redirect if answered and self._rng.random() < 0.5 else None,
            direct_response=direct if answered else None,
            rewrite=self.some(rewrite),
            timeout=self.some(self.number()),
            retries=self.some(retries),
            fault=self.some(fault),
            mirror=self.some(Destination(host=self.text())),
            mirror_percentage=self.some(self.percent()),
            cors_policy=self.some(cors),
            headers=self.some(self.headers()),
        )

    def hash_key(self) -> ConsistentHashLB:
        cookie = HTTPCookie(name=self.text(), path=self.text(), ttl=self.some(self.number()))
        return ConsistentHashLB(http_cookie=self.some(cookie), http_header_name=self.text())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nonsense(seed: int, tmp_path: Path) -> None:
    nonsense = _Nonsense(seed)
    options = RouteOptions(source=virtual_service_ref("plaza", "wild"), port=80)
    table = RouteConfiguration(name="wild")
    table.validate_clusters.value = False
    host = table.virtual_hosts.add(name="h", domains=["*"])
    refused: list[Refusal] = []
    for _ in range(ROUTES):
        http = (nonsense.route(),)
        rules = ((0, 0 if http[0].match else EVERY_REQUEST),)
        targets = {to: Target(f"to {to.host}", nonsense.some(nonsense.hash_key())) for to in destinations(http, rules)}
        routes, left_out = http_routes(http, rules, targets, options)
        assert len(routes) + len(left_out) == 1
        host.routes.extend(routes)
        refused += left_out
    assert all(refusal.reasons for refusal in refused)
    assert len(host.routes) > 10, "too much nonsense says nothing about Envoy"
    assert not refusal(tmp_path, [table_listener(table)])
