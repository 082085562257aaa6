# SPDX-License-Identifier: Apache-2.0
"""What is said to be refused is what a real Envoy refuses, and the other way round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from envoy.config.route.v3.route_components_pb2 import Route
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.cors.v3 import cors_pb2
from envoy.extensions.filters.http.fault.v3 import fault_pb2
from google.protobuf.json_format import ParseDict

from lateen.envoy.constraints import violations
from lateen.envoy.format_command import PLAIN, WITH_ARGUMENT, WITH_OPTION, format_error
from tests.envoy_validation import refusal
from tests.golden.messages import table_listener

FAULT, CORS = fault_pb2.DESCRIPTOR.package, cors_pb2.DESCRIPTOR.package
PATH = {"prefix": "/"}
TO = {"cluster": "a"}


def forward(**action: Any) -> dict[str, Any]:
    return {"match": PATH, "route": {**TO, **action}}


def header(key: str, value: str) -> dict[str, Any]:
    return {**forward(), "responseHeadersToAdd": [{"header": {"key": key, "value": value}}]}


def filtered(package: str, name: str, **config: Any) -> dict[str, Any]:
    typed = {"@type": f"type.googleapis.com/{package}.{name}", **config}
    return {**forward(), "typedPerFilterConfig": {"envoy.filters.http.x": typed}}


GOOD: dict[str, dict[str, Any]] = {
    "plain": forward(),
    "empty prefix": {"match": {"prefix": ""}, "route": TO},
    "regex": {"match": {"safeRegex": {"regex": "/[a-z]+"}}, "route": TO},
    "not so large regex": {"match": {"safeRegex": {"regex": "x" * 32_000}}, "route": TO},
    "long timeout": forward(timeout="9000000000s"),
    "present header": {"match": {**PATH, "headers": [{"name": "x", "presentMatch": True}]}, "route": TO},
    "empty exact header": {"match": {**PATH, "headers": [{"name": "x", "stringMatch": {"exact": ""}}]}, "route": TO},
    "rewrite": forward(regexRewrite={"pattern": {"regex": "a(b)"}, "substitution": r"\1\0\\"}),
    "percent": header("x", "50%%"),
    "command": header("x", "%REQ(x-y)%-%RESPONSE_CODE% %START_TIME(%Y)%"),
    "redirect": {"match": PATH, "redirect": {"pathRedirect": ""}},
    "direct response": {"match": PATH, "directResponse": {"status": 418}},
    "weights": {"match": PATH, "route": {"weightedClusters": {"clusters": [{"name": "a", "weight": 1}]}}},
    "empty fault": filtered(FAULT, "HTTPFault"),
    "delay": filtered(FAULT, "HTTPFault", delay={"fixedDelay": "1s", "percentage": {"numerator": 5}}),
}
BAD: dict[str, dict[str, Any]] = {
    "no action": {"match": PATH},
    "no match": {"route": TO},
    "no cluster": {"match": PATH, "route": {"cluster": ""}},
    "regex": {"match": {"safeRegex": {"regex": "(("}}, "route": TO},
    "empty regex": {"match": {"safeRegex": {"regex": ""}}, "route": TO},
    "header prefix": {"match": {**PATH, "headers": [{"name": "x", "stringMatch": {"prefix": ""}}]}, "route": TO},
    "header regex": {
        "match": {**PATH, "headers": [{"name": "x", "stringMatch": {"safeRegex": {"regex": "*"}}}]},
        "route": TO,
    },
    "segments": {"match": {"pathSeparatedPrefix": "/a/"}, "route": TO},
    "rewrite of nothing": forward(regexRewrite={"pattern": {"regex": ""}, "substitution": "/"}),
    "lonely percent": header("x", "50%"),
    "unknown command": header("x", "%NOBODY_KNOWS%"),
    "missing argument": header("x", "%REQ%"),
    "needless argument": header("x", "%RESPONSE_CODE(x)%"),
    "line break": header("x", "a\nb"),
    "host": header("host", "a"),
    "pseudo header": header(":path", "/"),
    "status": {"match": PATH, "directResponse": {"status": 99}},
    "no weights": {"match": PATH, "route": {"weightedClusters": {"clusters": [{"name": "a", "weight": 0}]}}},
    "no clusters": {"match": PATH, "route": {"weightedClusters": {}}},
    "negative timeout": forward(timeout="-1s"),
    "endless timeout": forward(timeout="9300000000s"),
    "large regex": {"match": {"safeRegex": {"regex": "x" * 33_000}}, "route": TO},
    "backoff": forward(retryPolicy={"retryBackOff": {"baseInterval": "0s"}}),
    "cookie": forward(hashPolicy=[{"cookie": {"name": ""}}]),
    "no delay": filtered(FAULT, "HTTPFault", delay={"fixedDelay": "0s", "percentage": {"numerator": 5}}),
    "abort": filtered(FAULT, "HTTPFault", abort={"httpStatus": 99}),
    "origin": filtered(CORS, "CorsPolicy", allowOriginStringMatch=[{"safeRegex": {"regex": "["}}]),
}


def message(route: dict[str, Any]) -> Route:
    return ParseDict(route, Route())


def table(*routes: Route) -> RouteConfiguration:
    found = RouteConfiguration(name="t")
    found.validate_clusters.value = False
    found.virtual_hosts.add(name="h", domains=["*"], routes=routes)
    return found


@pytest.mark.parametrize("name", BAD)
def test_what_envoy_refuses_is_found(name: str) -> None:
    assert list(violations(message(BAD[name])))


@pytest.mark.parametrize("name", GOOD)
def test_what_envoy_takes_is_not(name: str) -> None:
    assert not list(violations(message(GOOD[name])))


def test_envoy_has_every_command(tmp_path: Path) -> None:
    arguments = {"COMMON_DURATION": "(DS_RX_BEG:DS_RX_END)", "METADATA": "(CLUSTER:a)", "CEL": "(a)"}
    arguments["COALESCE"] = '({"operators": ["HOSTNAME"]})'
    values = [f"%{name}%" for name in PLAIN | WITH_OPTION]
    values += [f"%{name}{arguments.get(name, '(a)')}%" for name in WITH_ARGUMENT]
    assert not [value for value in values if format_error(value)]
    assert not refusal(tmp_path, [table_listener(table(*(message(header("x", value)) for value in values)))])


def test_envoy_takes_all_that_is_good(tmp_path: Path) -> None:
    assert not refusal(tmp_path, [table_listener(table(*(message(route) for route in GOOD.values())))])


@pytest.mark.parametrize("name", BAD)
def test_envoy_refuses_each_that_is_bad(name: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, [table_listener(table(message(BAD[name])))])
