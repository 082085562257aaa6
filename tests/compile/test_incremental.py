# SPDX-License-Identifier: Apache-2.0
"""Any order of documents and any history of edits give the same bytes as a clean build, at a cost that is bounded."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lateen.compile.proxy import snapshot
from lateen.model.mesh_config import MeshConfig
from lateen.model.resource import Resource
from lateen.parse.mesh import mesh_config
from lateen.state.state import State
from tests.compile.documents import POOL, PROXIES, SETTINGS
from tests.compile.world import compiled, contents, failures, objects, state_of

Pick = tuple[int, int]

_VARIANTS: list[list[Resource | None]] = [[None, *objects("\n---\n".join(texts))] for texts in POOL]
"""For each place in the mesh what may stand there: nothing, or one of several objects of one name."""

_MESHES = [mesh_config(text, "mesh.yaml")[0] for text in SETTINGS]
_PICKS = st.lists(
    st.integers(0, len(_VARIANTS) - 1).flatmap(
        lambda place: st.tuples(st.just(place), st.integers(0, len(_VARIANTS[place]) - 1))
    ),
    min_size=1,
    max_size=30,
)
_SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _edit(state: State, held: dict[int, int], pick: Pick) -> None:
    place, variant = pick
    old, new = _VARIANTS[place][held.get(place, 0)], _VARIANTS[place][variant]
    one = new or old
    if one is not None:
        state.apply([(one.ref, new)])
    held[place] = variant


def _clean(held: dict[int, int], seed: int) -> State:
    found = [one for place, variant in held.items() if (one := _VARIANTS[place][variant]) is not None]
    random.Random(seed).shuffle(found)
    return state_of(found)


@_SETTINGS
@given(_PICKS, st.integers(1, 7), st.lists(st.sampled_from(_MESHES), min_size=1, max_size=3))
def test_edits_lead_to_what_a_clean_build_gives(picks: list[Pick], every: int, meshes: list[MeshConfig]) -> None:
    state, held = State(), dict[int, int]()
    for proxy in PROXIES:
        state.db.pin(snapshot, proxy)
    for step, pick in enumerate(picks, 1):
        _edit(state, held, pick)
        if step % every == 0 or step == len(picks):
            mesh = meshes[step % len(meshes)]
            state.set_mesh_config(mesh)
            state.db.refresh()
            clean = _clean(held, step)
            clean.set_mesh_config(mesh)
            for proxy in PROXIES:
                assert contents(snapshot(state.db, proxy)) == compiled(clean, proxy), (proxy.name, held)
            assert failures(state) == []


@_SETTINGS
@given(_PICKS, st.randoms(use_true_random=False))
def test_the_order_of_documents_does_not_count(picks: list[Pick], order: random.Random) -> None:
    held = dict(picks)
    one, other = _clean(held, order.randint(0, 1000)), _clean(held, order.randint(0, 1000))
    for proxy in PROXIES:
        assert compiled(one, proxy) == compiled(other, proxy)


def test_objects_that_come_and_go_leave_nothing_behind() -> None:
    state, held = _clean({}, 0), dict[int, int]()
    for proxy in PROXIES:
        state.db.pin(snapshot, proxy)
    state.db.refresh()
    size = state.db.size()
    for place in range(len(_VARIANTS)):
        _edit(state, held, (place, 1))
    state.db.refresh()
    for place in range(len(_VARIANTS)):
        _edit(state, held, (place, 0))
    state.db.refresh()
    assert state.db.size() == size


_SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: svc-{0}, namespace: default}}
spec:
  clusterIP: 10.96.{1}.{2}
  selector: {{app: svc-{0}}}
  ports: [{{name: http, port: 8080}}]
"""

_RULE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: svc-{0}, namespace: default}}
spec:
  hosts: [svc-{0}]
  http:
  - match: [{{uri: {{prefix: /{1}}}}}]
    route: [{{destination: {{host: svc-{0}}}}}]
"""


def _edit_costs(services: int, proxies: int) -> int:
    """Computations for the edit of one of 20 VirtualServices."""
    texts = [_SERVICE.format(i, i // 250, i % 250) for i in range(services)] + [_RULE.format(i, "a") for i in range(20)]
    state = state_of(objects("---".join(texts)))
    for proxy in _replicas(proxies):
        state.db.pin(snapshot, proxy)
    state.db.refresh()
    state.db.computed = []
    (rule,) = objects(_RULE.format(7, "b"))
    state.apply([(rule.ref, rule)])
    assert len(state.db.refresh()) == proxies
    return len(state.db.computed)


def _replicas(count: int) -> list[object]:
    from tests.compile.world import sidecar

    return [sidecar(name=f"client-{i}", ip=f"10.1.0.{i}", app="client") for i in range(count)]


def test_an_edit_of_one_rule_costs_the_same_among_few_services_and_many() -> None:
    few, many = _edit_costs(50, 1), _edit_costs(1500, 1)
    assert few == many <= 20


def test_each_further_proxy_costs_an_edit_one_computation() -> None:
    assert _edit_costs(50, 11) == _edit_costs(50, 1) + 10


def test_an_edit_outside_of_a_scope_costs_it_nothing() -> None:
    state = state_of(
        objects(
            """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: default}
spec:
  egress:
  - hosts: ["./*"]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: other}
spec:
  clusterIP: 10.96.0.1
  ports: [{name: http, port: 80}]
"""
        )
    )
    (proxy,) = _replicas(1)
    state.db.pin(snapshot, proxy)
    state.db.refresh()
    state.db.computed = []
    for text in (
        "{apiVersion: v1, kind: Service, metadata: {name: api, namespace: other}, spec: {ports: [{port: 80}]}}",
        """{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: web, namespace: other},
            spec: {hosts: [web], http: [{route: [{destination: {host: web}}], timeout: 3s}]}}""",
    ):
        (one,) = objects(text)
        state.apply([(one.ref, one)])
        assert state.db.refresh() == []
    assert not [name for name, _ in state.db.computed if "snapshot" in name or "listeners" in name or "cluster" in name]
