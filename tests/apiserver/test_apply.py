# SPDX-License-Identifier: Apache-2.0
"""Server-side apply: ownership of fields, and merging by type."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.apiserver.apply import field_sets, merging, paths
from lateen.apiserver.schema.builtin import kind_schema

DEPLOYMENT = kind_schema("apps/v1", "Deployment")


def with_containers(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(containers)}}}}


CONTAINERS = ("f:spec", "f:template", "f:spec", "f:containers")


def test_fields_of_a_list_with_keys() -> None:
    found = field_sets.field_set(DEPLOYMENT, with_containers({"name": "a", "image": "1", "args": ["x"]}))
    item = (*CONTAINERS, 'k:{"name":"a"}')
    assert found == {item, (*item, "f:name"), (*item, "f:image"), (*item, "f:args")}


def test_default_keys_are_part_of_an_item() -> None:
    found = field_sets.field_set(DEPLOYMENT, with_containers({"name": "a", "ports": [{"containerPort": 80}]}))
    assert (*CONTAINERS, 'k:{"name":"a"}', "f:ports", 'k:{"containerPort":80,"protocol":"TCP"}') in found


def test_an_atomic_object_is_one_field() -> None:
    selector = {"spec": {"selector": {"matchLabels": {"a": "b"}}}}
    assert field_sets.field_set(DEPLOYMENT, selector) == {("f:spec", "f:selector")}


def test_comparison_names_what_came_changed_and_went() -> None:
    old = with_containers({"name": "a", "image": "1"}, {"name": "b", "image": "1"})
    new = with_containers({"name": "a", "image": "2"}, {"name": "c", "image": "1"})
    found = field_sets.compare(DEPLOYMENT, old, new)
    assert found.modified == {(*CONTAINERS, 'k:{"name":"a"}', "f:image")}
    assert found.added == {(*CONTAINERS, 'k:{"name":"c"}', *rest) for rest in ((), ("f:name",), ("f:image",))}
    assert found.removed == {(*CONTAINERS, 'k:{"name":"b"}', *rest) for rest in ((), ("f:name",), ("f:image",))}


@pytest.mark.parametrize("empty", [{}, None])
def test_an_empty_map_says_nothing_of_what_is_in_it(empty: Any) -> None:
    live = {"metadata": {"labels": {"a": "b"}, "finalizers": ["x.example/y"]}, "spec": {"replicas": 1}}
    config = {"metadata": {"labels": empty, "finalizers": [] if empty == {} else None}, "spec": empty}
    assert merging.merge(DEPLOYMENT, live, config) == live


def test_an_empty_atomic_value_replaces() -> None:
    live = {"spec": {"selector": {"matchLabels": {"a": "b"}}}}
    config: dict[str, Any] = {"spec": {"selector": {}}}
    assert merging.merge(DEPLOYMENT, live, config) == config


def test_merging_keeps_what_others_have() -> None:
    live = with_containers({"name": "a", "image": "1"}, {"name": "side", "image": "s"})
    config = with_containers({"name": "new", "image": "n"}, {"name": "a", "tty": True})
    merged = merging.merge(DEPLOYMENT, live, config)
    assert merged == with_containers(
        {"name": "new", "image": "n"}, {"name": "a", "image": "1", "tty": True}, {"name": "side", "image": "s"}
    )


def test_removing_items_and_fields() -> None:
    live = with_containers({"name": "a", "image": "1", "tty": True}, {"name": "b", "image": "1"})
    gone = {(*CONTAINERS, 'k:{"name":"b"}'), (*CONTAINERS, 'k:{"name":"a"}', "f:tty")}
    assert merging.remove(DEPLOYMENT, live, gone) == with_containers({"name": "a", "image": "1"})


def test_paths_as_people_read_them() -> None:
    path = (*CONTAINERS, 'k:{"name":"web"}', "f:image")
    assert paths.text(path) == '.spec.template.spec.containers[name="web"].image'


STEPS = st.sampled_from(["f:a", "f:b", "f:c", 'k:{"name":"x"}', 'v:"y"'])
SETS = st.sets(st.lists(STEPS, min_size=1, max_size=4).map(tuple), max_size=12)


@given(SETS)
def test_fields_survive_their_written_form(found: set[tuple[str, ...]]) -> None:
    assert paths.from_fields(paths.to_fields(found)) == found


VALUES = st.recursive(
    st.one_of(st.integers(), st.text(max_size=3), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.sampled_from("xyz"), VALUES, max_size=3)


@given(DOCUMENTS, DOCUMENTS)
def test_what_is_merged_is_there_and_nothing_else_changes(live: dict[str, Any], config: dict[str, Any]) -> None:
    from lateen.apiserver.schema.structural import untyped

    schema = untyped()
    merged = merging.merge(schema, live, config)
    assert merging.merge(schema, merged, config) == merged
    found = field_sets.compare(schema, live, merged)
    own = field_sets.field_set(schema, config)
    reach = {path[:length] for path in own for length in range(1, len(path) + 1)}
    assert found.added | found.modified <= reach
