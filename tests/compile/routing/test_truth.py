# SPDX-License-Identifier: Apache-2.0
"""Random rules, random requests: what the API's documentation says is what a real Envoy does with our configuration."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from lateen.envoy.route_table import inline_table
from lateen.explain import HttpRequest
from lateen.parse import mesh_config
from lateen.state.state import State
from tests.compile.routing.api_oracle import Answered, Call, Client, Forwarded, outcome
from tests.compile.routing.random_rules import NAMES, SERVICES, call, rules
from tests.compile.routing.worlds import apply, hosts, sidecar, state
from tests.envoy_process import StartEnvoy
from tests.explain.truth import Truth, http_chain, listener, static_cluster
from tests.explain.wire import HttpClient, Response, echo_server

WORLDS = 20
CALLS = 50
CLIENT = Client("plaza", {"app": "web"})
SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  clusterIP: 10.2.0.{place}
  ports: [{ports}]
"""
MESH = "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"


def world(written: list[dict[str, Any]]) -> State:
    """The services and these rules, in a mesh that refuses unknown hosts."""
    built = state()
    built.set_mesh_config(mesh_config(MESH, "mesh.yaml")[0])
    for place, (host, numbers) in enumerate(SERVICES.items(), 1):
        name, namespace, *_ = host.split(".")
        ports = ", ".join(f"{{name: http-{number}, port: {number}}}" for number in numbers)
        apply(built, SERVICE.format(name=name, namespace=namespace, place=place, ports=ports))
    apply(built, *(json.dumps(rule) for rule in written))
    return built


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_rules_do_what_they_say(start_envoy: StartEnvoy, seed: int) -> None:
    rng = random.Random(seed)
    worlds = [rules(rng) for _ in range(WORLDS)]
    tables = {
        f"{at} {port}": inline_table(str(port), hosts(world(written), sidecar(app="web"), str(port)).values())
        for at, written in enumerate(worlds)
        for port in (80, 8080)
    }
    seen: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        clusters = []
        for name in sorted(set(_clusters(tables.values()))):
            address = await stack.enter_async_context(echo_server(name))
            clusters.append(static_cluster(name, (address.ip, address.port)))
        listeners = [listener(name, filter_chains=[http_chain(_json(table))]) for name, table in tables.items()]
        truth = await Truth.start(start_envoy, listeners, clusters)
        for at, written in enumerate(worlds):
            for made in (call(rng) for _ in range(CALLS)):
                wanted = outcome(written, SERVICES, CLIENT, _meant(made), made)
                client = HttpClient("127.0.0.1", truth.ports[f"{at} {made.port}"])
                response = await client.send(_request(made))
                client.close()
                assert _agrees(wanted, response), f"{json.dumps(written, indent=1)}\n{made}\n{wanted}\n{response}"
                seen[_kind(wanted)] += 1
    # The test says little unless every kind of answer occurred often.
    assert all(seen[kind] > 20 for kind in ("forward", "location", "body", "nothing")), seen


def _meant(made: Call) -> str:
    """The host that a name means. Short names and addresses are those of services on their own ports."""
    host = NAMES[made.host]
    return host if made.port in SERVICES.get(host, ()) else made.host


def _agrees(wanted: Forwarded | Answered, response: Response) -> bool:
    if isinstance(wanted, Answered):
        location, body = response.headers.get("location", ""), response.body
        return (response.status, location, body) == (wanted.status, wanted.location, wanted.body)
    if not response.body.startswith("{"):
        return False
    echo = json.loads(response.body)
    headers: dict[str, str] = {}
    for name, value in echo["headers"]:
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return (
        echo["server"] in wanted.clusters
        and (echo["path"], headers["host"]) == (wanted.target, wanted.authority)
        and all(headers.get(name) == value for name, value in wanted.headers)
    )


def _kind(wanted: Forwarded | Answered) -> str:
    if isinstance(wanted, Forwarded):
        return "forward"
    return "location" if wanted.location else "body" if wanted.body else "nothing"


def _request(made: Call) -> HttpRequest:
    return HttpRequest(method=made.method, authority=made.host, path=made.target, headers=tuple(made.headers.items()))


def _clusters(tables: Iterable[Any]) -> Iterable[str]:
    for table in tables:
        for virtual_host in table.virtual_hosts:
            for route in virtual_host.routes:
                yield from (share.name for share in route.route.weighted_clusters.clusters)
                if route.route.cluster:
                    yield route.route.cluster


def _json(table: Any) -> dict[str, Any]:
    return MessageToDict(table, preserving_proto_field_name=True)
