# SPDX-License-Identifier: Apache-2.0
"""The candidates that a trace names when it is asked why, and that asking changes nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lateen.explain import Address, ClientTls, HttpRequest, Request, Resources, Trace, trace
from lateen.explain.decision import Problem, Rejected
from tests.explain.truth import Json, http_chain, listener, listener_filter

_ROUTES: list[Json] = [
    {"name": "by-path", "match": {"path": "/other"}, "direct_response": {"status": 200}},
    {
        "name": "by-header",
        "match": {"prefix": "/", "headers": [{"name": "x-user", "string_match": {"exact": "anna"}}]},
        "direct_response": {"status": 201},
    },
    {
        "match": {"prefix": "/", "query_parameters": [{"name": "v", "string_match": {"prefix": "2"}}]},
        "direct_response": {"status": 202},
    },
    {"name": "rest", "match": {"prefix": "/a"}, "direct_response": {"status": 203}},
]
_TABLE: Json = {
    "virtual_hosts": [
        {"name": "exact", "domains": ["a.example"], "routes": _ROUTES},
        {"name": "wild", "domains": ["*.example"], "routes": _ROUTES},
        {"name": "elsewhere", "domains": ["b.org", "c.org"], "routes": _ROUTES},
    ]
}


def _resources() -> Resources:
    chains = [
        http_chain(_TABLE) | {"name": "named", "filter_chain_match": {"server_names": ["a.example"]}},
        http_chain(_TABLE) | {"name": "wild", "filter_chain_match": {"server_names": ["*.example"]}},
        http_chain(_TABLE) | {"name": "rest"},
        http_chain(_TABLE) | {"name": "admin", "filter_chain_match": {"destination_port": 15000}},
    ]
    inspector = [listener_filter("tls_inspector", "TlsInspector")]
    listeners = {
        "in": listener("in", address="0.0.0.0", port=80, filter_chains=chains, listener_filters=inspector),
        "unbound": listener("unbound", address="0.0.0.0", port=81, bind_to_port=False, filter_chains=chains),
    }
    return Resources(listeners=listeners, routes={}, clusters={}, endpoints={})


def _trace(why: bool = True, port: int = 80, tls: ClientTls | None = None, **http: Any) -> Trace:
    request = HttpRequest(**({"authority": "a.example"} | http))
    return trace(_resources(), Request(destination=Address("10.0.0.1", port), tls=tls, http=request), why=why)


def _reasons(rejected: tuple[Rejected, ...]) -> dict[str, str]:
    return {r.name: r.reason for r in rejected}


def test_listeners() -> None:
    answer = _trace(port=81)
    assert answer.failure is not None and answer.failure.problem is Problem.NO_LISTENER
    reasons = _reasons(answer.listeners[0].rejected)
    assert "0.0.0.0:80" in reasons["in"]
    assert "not bound" in reasons["unbound"]


def test_filter_chains() -> None:
    answer = _trace(tls=ClientTls(server_name="a.example"))
    assert answer.filter_chain is not None and answer.filter_chain.name == "named"
    reasons = _reasons(answer.filter_chain.rejected)
    assert reasons["admin"] == "destination port: it asks for 15000, the connection has 80"
    assert reasons["wild"] == "server name: another chain matches a.example more specifically"
    assert reasons["rest"] == "server name: another chain matches a.example more specifically"
    answer = _trace()
    assert answer.filter_chain is not None and answer.filter_chain.name == "rest"
    reasons = _reasons(answer.filter_chain.rejected)
    assert reasons["wild"] == "server name: it asks for *.example, the connection has none"


def test_virtual_hosts() -> None:
    http = _trace(path="/a").http
    assert http is not None and http.virtual_host is not None and http.virtual_host.domain == "a.example"
    reasons = _reasons(http.virtual_host.rejected)
    assert reasons["wild"] == "*.example matches, but a more specific domain wins"
    assert "b.org, c.org" in reasons["elsewhere"]
    http = _trace(authority="nowhere").http
    assert http is not None and http.virtual_host is not None
    assert set(_reasons(http.virtual_host.rejected)) == {"exact", "wild", "elsewhere"}


def test_routes() -> None:
    http = _trace(path="/a?v=1", headers=(("X-User", "bert"),)).http
    assert http is not None and http.route is not None and (http.route.name, http.route.index) == ("rest", 3)
    assert _reasons(http.route.rejected) == {
        "by-path": "path '/other': the path is '/a'",
        "by-header": "header x-user exact 'anna': it is 'bert'",
        "#2": "query parameter v prefix '2': it is '1'",
    }
    answer = _trace(path="/z")
    assert answer.failure is not None and answer.failure.problem is Problem.NO_ROUTE
    assert answer.http is not None and answer.http.route is not None
    reasons = _reasons(answer.http.route.rejected)
    assert reasons["by-header"] == "header x-user exact 'anna': the request has none"
    assert reasons["rest"] == "prefix '/a': the path is '/z'"


@pytest.mark.parametrize(
    "asked",
    [{}, {"path": "/a"}, {"authority": "nowhere"}, {"port": 81}, {"tls": ClientTls(server_name="b.example")}],
)
def test_asking_changes_nothing(asked: dict[str, Any]) -> None:
    def decisions(answer: Trace) -> object:
        def strip(value: Any) -> Any:
            if isinstance(value, dict):
                return {k: strip(v) for k, v in value.items() if k != "rejected"}
            return [strip(v) for v in value] if isinstance(value, list | tuple) else value

        tree = strip(msgspec.to_builtins(answer))
        # What was not found is named only to carry the candidates.
        tree["listeners"] = [x for x in tree["listeners"] if x["name"]]
        for part in ("virtual_host", "route"):
            if tree["http"] and tree["http"][part] and not tree["http"][part]["name"]:
                tree["http"][part] = None
        return tree

    assert decisions(_trace(why=True, **asked)) == decisions(_trace(why=False, **asked))
