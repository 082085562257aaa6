# SPDX-License-Identifier: Apache-2.0
"""Objects in their buckets: order, equality, removal, names."""

from __future__ import annotations

import itertools

from lateen.model.ref import Ref
from lateen.state import inputs
from tests.compile.world import objects, state_of

_RULES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: b, namespace: one, creationTimestamp: "2024-01-01T00:00:00Z"}
spec: {hosts: [Web], http: [{match: [{sourceLabels: {version: v1}}], redirect: {uri: /}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a, namespace: one, creationTimestamp: "2024-01-01T00:00:00Z"}
spec: {hosts: [web.one.svc.cluster.local], gateways: [mesh, gate, other/gate], http: [{redirect: {uri: /}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: z, namespace: two}
spec: {hosts: [web.one.svc.cluster.local, "*.example.com"], http: [{redirect: {uri: /}}]}
"""


def _names(found: tuple[object, ...]) -> list[str]:
    return [one.metadata.name for one in found]  # type: ignore[attr-defined]


def test_buckets_are_in_istios_order_whatever_the_order_of_documents() -> None:
    for order in itertools.permutations(objects(_RULES)):
        state = state_of(order)
        rules = inputs.virtual_services_by_gateway(state.db, "mesh")
        assert _names(rules) == ["z", "a", "b"]  # none is oldest, then by name


def test_gateways_are_qualified_in_the_rules_own_namespace() -> None:
    db = state_of(objects(_RULES)).db
    assert _names(inputs.virtual_services_by_gateway(db, "one/gate")) == ["a"]
    assert _names(inputs.virtual_services_by_gateway(db, "other/gate")) == ["a"]
    assert _names(inputs.virtual_services_by_gateway(db, "mesh")) == ["z", "a", "b"]


def test_an_equal_object_changes_nothing() -> None:
    state = state_of(objects(_RULES))
    revision = state.db.revision
    assert state.apply((one.ref, one) for one in objects(_RULES)) == 0
    assert state.db.revision == revision


def test_what_is_removed_leaves_its_buckets() -> None:
    state = state_of(objects(_RULES))
    assert state.apply((one.ref, None) for one in objects(_RULES)) == 3
    assert not state.objects
    for source in (
        inputs.virtual_service,
        inputs.virtual_services_by_gateway,
        inputs.refs_in,
        inputs.namespaces_of,
    ):
        assert state.db.peek(source) == {}
    assert state.db.peek(inputs.source_labels) == {}


def test_a_rule_that_moves_to_another_gateway_moves_to_another_bucket() -> None:
    state = state_of(objects(_RULES))
    (moved,) = objects(
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: z, namespace: two}
spec: {hosts: [api.example.com], gateways: [gate], http: [{redirect: {uri: /}}]}
"""
    )
    state.apply([(moved.ref, moved)])
    assert _names(inputs.virtual_services_by_gateway(state.db, "mesh")) == ["a", "b"]
    assert _names(inputs.virtual_services_by_gateway(state.db, "two/gate")) == ["z"]


def test_an_edit_of_contents_leaves_the_list_of_names_alone() -> None:
    state = state_of(objects(_RULES))
    before = inputs.refs_in(state.db, ("VirtualService", "two"))
    (edited,) = objects(
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: z, namespace: two}
spec: {hosts: [web.one.svc.cluster.local], http: [{redirect: {uri: /there}}]}
"""
    )
    state.apply([(edited.ref, edited)])
    assert inputs.refs_in(state.db, ("VirtualService", "two")) is before


def test_label_keys_are_counted_over_all_rules() -> None:
    state = state_of(objects(_RULES))
    assert inputs.source_labels(state.db, "one") == {"version"}
    asks = next(one for one in objects(_RULES) if one.name == "b")
    (also,) = objects(
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: c, namespace: one}
spec: {hosts: [api], tcp: [{match: [{sourceLabels: {version: v2, app: x}}], route: [{destination: {host: api}}]}]}
"""
    )
    state.apply([(also.ref, also), (asks.ref, None)])
    assert inputs.source_labels(state.db, "one") == {"version", "app"}
    state.apply([(also.ref, None)])
    assert inputs.source_labels(state.db, "one") == frozenset()


def test_labels_of_delegates_concern_every_namespace() -> None:
    state = state_of(
        objects(
            """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: leaf, namespace: one}
spec: {http: [{match: [{sourceLabels: {team: a}}], redirect: {uri: /}}]}
"""
        )
    )
    assert inputs.source_labels(state.db, "") == {"team"}


def test_pods_are_found_by_address_while_it_is_theirs() -> None:
    def pod(name: str, more: str = "", phase: str = "Running") -> str:
        return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: one}}
spec: {{containers: [{{name: app}}]{more}}}
status: {{phase: {phase}, podIP: 10.0.0.1, podIPs: [{{ip: 10.0.0.1}}, {{ip: "fd00::1"}}]}}
---
"""

    db = state_of(objects(pod("a") + pod("b", phase="Succeeded") + pod("c", ", hostNetwork: true"))).db
    assert _names(inputs.pods_by_ip(db, "10.0.0.1")) == _names(inputs.pods_by_ip(db, "fd00::1")) == ["a"]


def test_single_objects_are_found_by_their_identity() -> None:
    state = state_of(objects("{apiVersion: v1, kind: Node, metadata: {name: node-1}}"))
    node = inputs.node(state.db, "node-1")
    assert node is not None and node.ref == Ref("Node", "", "node-1")
    assert inputs.node(state.db, "node-2") is None
