# SPDX-License-Identifier: Apache-2.0
"""Resources from anywhere: either spelling of JSON, messages, unknown extensions, and what is plainly broken."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from envoy.config.listener.v3 import listener_pb2
from google.protobuf import json_format

from lateen.explain import Address, HttpRequest, Request, Resources, trace
from lateen.explain.any_message import from_json
from lateen.explain.decision import Problem
from tests.explain.truth import MANAGER, ROUTER, Json, http_chain, listener, listener_filter, static_cluster

_HOST: Json = {
    "name": "host",
    "domains": ["*"],
    "routes": [
        {"name": "split", "match": {"prefix": "/split"}, "route": {"weighted_clusters": {"clusters": []}}},
        {
            "name": "first",
            "match": {"prefix": "/", "headers": [{"name": "x", "string_match": {"safe_regex": {"regex": "a+"}}}]},
            "route": {"cluster": "one", "prefix_rewrite": "/p"},
        },
        {"name": "second", "match": {"prefix": "/"}, "redirect": {"path_redirect": "/new"}},
    ],
}
_LISTENER = listener(
    "in",
    port=80,
    filter_chains=[http_chain({"name": "inline", "virtual_hosts": [_HOST]}, normalize_path=True)],
    listener_filters=[listener_filter("tls_inspector", "TlsInspector")],
)
_REQUEST = Request(
    destination=Address("127.0.0.1", 80), http=HttpRequest(authority="a", path="/x", headers=(("x", "aa"),))
)


def _resources(found: Any, **others: Any) -> Resources:
    clusters = {"one": static_cluster("one", ("127.0.0.1", 1))}
    given = {"listeners": {"in": found}, "routes": {}, "clusters": clusters, "endpoints": {}}
    return Resources(**(given | others))


def test_either_spelling_and_messages() -> None:
    message = from_json(listener_pb2.Listener, _LISTENER)
    camel = json_format.MessageToDict(message)
    assert "filterChains" in camel
    answers = [trace(_resources(found), _REQUEST) for found in (_LISTENER, camel, message)]
    assert answers[0].cluster is not None and answers[0].cluster.name == "one"
    assert answers[0] == answers[1] == answers[2]


def test_extensions_that_nobody_here_knows() -> None:
    found = copy.deepcopy(_LISTENER)
    chain = found["filter_chains"][0]
    unknown = {"name": "odd", "typed_config": {"@type": "type.googleapis.com/acme.Odd", "nested": {"a": [1]}}}
    typed = {"@type": "type.googleapis.com/udpa.type.v1.TypedStruct", "type_url": ROUTER, "value": {}}
    chain["filters"].insert(0, unknown)
    chain["filters"][1]["typed_config"]["http_filters"] = [unknown, {"name": "router", "typed_config": typed}]
    answer = trace(_resources(found), _REQUEST)
    assert answer.failure is None
    assert [f.type for f in answer.network_filters] == ["acme.Odd", MANAGER.rpartition("/")[2]]
    assert answer.http is not None
    assert [f.type for f in answer.http.filters] == ["acme.Odd", ROUTER.rpartition("/")[2]]


def test_fields_of_a_newer_envoy_are_passed_over() -> None:
    found = copy.deepcopy(_LISTENER)
    found["not_invented_yet"] = {"x": 1}
    assert trace(_resources(found), _REQUEST) == trace(_resources(_LISTENER), _REQUEST)


@pytest.mark.parametrize("broken", [{"name": 3, "address": []}, {"filter_chains": "no"}, {"address": {"pipe": 1}}])
def test_a_broken_listener_is_absent_and_named(broken: Json) -> None:
    resources = Resources(listeners={"bad": broken, "in": _LISTENER}, routes={}, clusters={}, endpoints={})
    answer = trace(resources, _REQUEST)
    assert answer.listener is not None and answer.listener.name == "in"
    assert any(note.startswith("listener bad: ") for note in answer.notes)


def test_what_is_named_and_not_there() -> None:
    found = copy.deepcopy(_LISTENER)
    answer = trace(_resources(found, clusters={}), _REQUEST)
    assert answer.failure is not None and (answer.failure.problem, answer.failure.status) == (Problem.NO_CLUSTER, 503)
    manager = found["filter_chains"][0]["filters"][0]["typed_config"]
    del manager["route_config"]
    manager["rds"] = {"route_config_name": "elsewhere", "config_source": {"ads": {}}}
    answer = trace(_resources(found), _REQUEST)
    assert answer.failure is not None and answer.failure.problem is Problem.NO_ROUTE_TABLE
    table = {"name": "elsewhere", "virtual_hosts": [_HOST]}
    answer = trace(_resources(found, routes={"elsewhere": table}), _REQUEST)
    assert answer.http is not None and answer.http.table is not None
    assert (answer.http.table.name, answer.http.table.source, answer.failure) == ("elsewhere", "rds", None)


def test_mutilated_configuration_never_raises() -> None:
    """Anything may be missing, of another type, or repeated: the answer is a trace all the same."""
    rng = random.Random(5)
    answers = set()
    for _ in range(1500):
        found = copy.deepcopy(_LISTENER)
        for _ in range(rng.choice([1, 1, 2, 3])):
            _mutilate(found, rng)
        answer = trace(_resources(found), _REQUEST, why=rng.random() < 0.5)
        answers.add(answer.failure.problem if answer.failure is not None else None)
    assert len(answers) > 4, answers


def _mutilate(value: Any, rng: random.Random) -> None:
    while True:
        keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(value[key], dict | list) and value[key] and rng.random() < 0.85:
            value = value[key]
            continue
        match rng.choice(["remove", "replace", "repeat"]):
            case "remove":
                del value[key]
            case "replace":
                value[key] = rng.choice([None, "", "(", 0, -1, 1e9, True, [], {}, ["x"], {"x": "y"}, "*", "/"])
            case "repeat" if isinstance(value, list):
                value.append(copy.deepcopy(value[key]))
        return


def test_domains_of_two_virtual_hosts_are_named() -> None:
    found = copy.deepcopy(_LISTENER)
    table = found["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]
    table["virtual_hosts"] = [_HOST | {"domains": ["a", "b"]}, _HOST | {"name": "other", "domains": ["A", "c"]}]
    http = trace(_resources(found), _REQUEST).http
    assert http is not None and http.table is not None and http.virtual_host is not None
    assert (http.table.duplicates, http.virtual_host.name) == (("a",), "host")


@pytest.mark.parametrize(
    ("options", "reached"),
    [
        ({}, False),
        ({"continue_on_listener_filters_timeout": True}, True),
        ({"continue_on_listener_filters_timeout": True, "listener_filters_timeout": "0s"}, False),
        ({"continue_on_listener_filters_timeout": True, "listener_filters_timeout": "0.1s"}, True),
    ],
)
def test_a_client_that_waits_for_the_server(options: Json, reached: bool) -> None:
    answer = trace(_resources(_LISTENER | options), Request(destination=Address("127.0.0.1", 80), speaks_first=False))
    assert (answer.filter_chain is not None) == reached
    assert answer.failure is not None
    assert answer.failure.problem is (Problem.PROTOCOL if reached else Problem.LISTENER_FILTER)
