# SPDX-License-Identifier: Apache-2.0
"""What an edit costs, and that history leaves no trace."""

from __future__ import annotations

import random
from collections import Counter

from lateen.parse import documents as parse
from lateen.state.state import State
from tests.compile.listeners.sidecars import blobs, document, endpoints, entry, listeners, service, state, workload

MESH = [
    *(service(f"web-{n}", f"10.96.1.{n}", ("http", 8000 + n % 3)) for n in range(12)),
    *(service(f"db-{n}", f"10.96.2.{n}", ("tcp", 9000)) for n in range(12)),
    service("peers", "None", ("tcp", 7000)),
    endpoints("peers", "tcp", 7000, "10.1.0.7", "10.1.0.8"),
    entry("raw", "raw.com", port=8001, protocol="TCP"),
    entry("wide", "wide.com", port=9000, protocol="TCP", addresses=("10.8.0.0/16",), resolution="NONE"),
    document(
        "VirtualService",
        "db-1",
        {"hosts": ["db-1"], "tcp": [{"route": [{"destination": {"host": "db-2"}}]}]},
    ),
    document(
        "VirtualService",
        "web-1",
        {"hosts": ["web-1"], "http": [{"route": [{"destination": {"host": "web-2"}}]}]},
    ),
]


def edit(mesh: State, text: str) -> None:
    mesh.apply((found.object.ref, found.object) for found in parse(text, "edit.yaml").objects)


def changed_by(mesh: State, text: str) -> tuple[set[str], Counter[str]]:
    """The listeners that an edit changes, and the queries about listeners that it runs again."""
    before = blobs(mesh)
    mesh.db.computed = []
    edit(mesh, text)
    after = blobs(mesh)
    names = [name for name, _ in mesh.db.computed]
    computed = Counter(name.removeprefix("compile.listeners.") for name in names if "compile.listeners" in name)
    mesh.db.computed = None
    return {n for n in {*before, *after} if before.get(n) is not after.get(n)}, computed


def test_an_edit_of_http_routes_touches_no_listener() -> None:
    mesh = state(*MESH)
    timeout = {"hosts": ["web-1"], "http": [{"timeout": "3s", "route": [{"destination": {"host": "web-3"}}]}]}
    changed, computed = changed_by(mesh, document("VirtualService", "web-1", timeout))
    assert not changed
    assert computed <= Counter({"l4_rules.has_l4_routes": 1})


def test_an_edit_of_tcp_routes_touches_one_listener() -> None:
    mesh = state(*MESH)
    other = {"hosts": ["db-1"], "tcp": [{"route": [{"destination": {"host": "db-3"}}]}]}
    changed, computed = changed_by(mesh, document("VirtualService", "db-1", other))
    assert changed == {"10.96.2.1_9000"}
    assert computed["outbound_listener.outbound_listener"] == computed["outbound_listener.rendered"] == 1
    assert not computed.keys() & {"outbound_plan.outbound_plan", "outbound_plan.plan_of"}


def test_pods_that_come_and_go_touch_no_listener_but_those_of_headless_services() -> None:
    mesh = state(*MESH)
    assert changed_by(mesh, endpoints("web-1", "http", 8001, "10.1.3.1")) == (set(), Counter())
    changed, _ = changed_by(mesh, endpoints("peers", "tcp", 7000, "10.1.0.7", "10.1.0.8", "10.1.0.9"))
    assert changed == {"10.1.0.9_7000"}


def test_labels_of_a_service_touch_no_listener() -> None:
    mesh = state(*MESH)
    changed, computed = changed_by(mesh, service("db-4", "10.96.2.4", ("tcp", 9000), labels={"team": "a"}))
    assert not changed
    assert not computed.keys() & {"outbound_plan.outbound_plan", "outbound_plan.plan_of"}


def test_any_order_and_any_history_give_the_same_bytes() -> None:
    wanted = {name: blob.body for name, blob in blobs(state(*MESH)).items()}
    for seed in range(5):
        chance = random.Random(seed)
        shuffled = chance.sample(MESH, len(MESH))
        mesh = state(*shuffled[: len(MESH) // 2])
        blobs(mesh)
        edit(mesh, service("db-5", "10.96.9.9", ("http", 9000)))
        blobs(mesh)
        for text in shuffled:
            edit(mesh, text)
            if chance.random() < 0.3:
                listeners(mesh)
        assert {name: blob.body for name, blob in blobs(mesh).items()} == wanted


def test_replicas_share_every_listener() -> None:
    mesh = state(*MESH)
    one, two = blobs(mesh, workload("web-1", "10.1.5.1")), blobs(mesh, workload("web-1", "10.1.5.2"))
    assert one.keys() == two.keys()
    assert all(one[name] is two[name] for name in one)
