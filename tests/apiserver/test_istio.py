# SPDX-License-Identifier: Apache-2.0
"""Istio's kinds, built in: found by their short names, checked like everything else, refused in the webhook's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lateen.apiserver.registry.catalogue import builtin_kinds
from tests.apiserver.conftest import Running, start, stop

BASE = "/apis/networking.istio.io/v1/namespaces/default"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    server = start(tmp_path_factory.mktemp("api") / "data")
    yield server
    stop(server)


@pytest.fixture
def api(running: Running) -> Iterator[httpx.Client]:
    with running.client() as client:
        yield client


def virtual_service(name: str, **spec: Any) -> dict[str, Any]:
    http = [{"route": [{"destination": {"host": "reviews"}}]}]
    return {"metadata": {"name": name}, "spec": {"hosts": ["a"], "http": http, **spec}}


def test_every_kind_has_its_short_name() -> None:
    short = {
        name: kind.kind for kind in builtin_kinds() for name in kind.short_names if kind.group.endswith("istio.io")
    }
    assert short == {
        "ap": "AuthorizationPolicy",
        "dr": "DestinationRule",
        "gw": "Gateway",
        "pa": "PeerAuthentication",
        "ra": "RequestAuthentication",
        "se": "ServiceEntry",
        "telemetry": "Telemetry",
        "vs": "VirtualService",
        "we": "WorkloadEntry",
        "wg": "WorkloadGroup",
    }


def test_no_two_kinds_of_a_name() -> None:
    names = [(kind.group, kind.plural) for kind in builtin_kinds()]
    assert len(names) == len(set(names))


def test_a_refusal_reads_like_the_webhooks(api: httpx.Client) -> None:
    answer = api.post(f"{BASE}/virtualservices", json=virtual_service("bad", http=[{"timeout": "abc"}]))
    message = answer.json()["message"]
    prefix = 'admission webhook "validation.istio.io" denied the request: configuration is invalid: '
    assert answer.status_code == 400 and message.startswith(prefix) and 'invalid duration "abc"' in message
    assert api.get(f"{BASE}/virtualservices/bad").status_code == 404


def test_unknown_fields_and_wrong_types_are_the_schemas(api: httpx.Client) -> None:
    strict = {"fieldValidation": "Strict"}
    unknown = api.post(f"{BASE}/virtualservices", json=virtual_service("bad", htp=[]), params=strict)
    assert unknown.status_code == 400 and 'unknown field "spec.htp"' in unknown.json()["message"]
    warned = api.post(f"{BASE}/virtualservices?dryRun=All", json=virtual_service("bad", htp=[]))
    assert warned.status_code == 201 and "htp" not in warned.json()["spec"]
    assert 'unknown field \\"spec.htp\\"' in warned.headers["warning"]
    wrong = api.post(f"{BASE}/virtualservices", json=virtual_service("bad", hosts="a"))
    assert wrong.status_code == 422 and "spec.hosts in body must be of type array" in wrong.json()["message"]


def test_warnings_reach_the_user(api: httpx.Client) -> None:
    route = {"route": [{"destination": {"host": "reviews"}}]}
    answer = api.post(f"{BASE}/virtualservices", json=virtual_service("warned", http=[route, route]))
    assert answer.status_code == 201 and "not used" in answer.headers["warning"]


def test_the_first_api_is_served_too(api: httpx.Client) -> None:
    rule = {
        "metadata": {"name": "rr"},
        "spec": {
            "destination": {"name": "reviews"},
            "precedence": 1,
            "route": [{"labels": {"version": "v1"}, "weight": 100}],
        },
    }
    path = "/apis/config.istio.io/v1alpha2/namespaces/default/routerules"
    assert api.post(path, json=rule).status_code == 201
    broken = {**rule, "metadata": {"name": "bad"}, "spec": {**rule["spec"], "nonsense": 1}}
    assert "validation.istio.io" in api.post(path, json=broken).json()["message"]
