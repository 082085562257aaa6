# SPDX-License-Identifier: Apache-2.0
"""Merging as Kubernetes' strategic merge patch does."""

from __future__ import annotations

from lateen.inject.strategic_merge import merge


def test_objects_merge_and_null_removes() -> None:
    assert merge({"a": {"x": 1, "y": 2}, "b": 1}, {"a": {"y": 3, "z": 4}, "b": None}) == {"a": {"x": 1, "y": 3, "z": 4}}


def test_named_things_merge_and_new_ones_come_first() -> None:
    original = {"volumes": [{"name": "b", "x": 1}, {"name": "c"}]}
    patch = {"volumes": [{"name": "a"}, {"name": "b", "y": 2}]}
    assert merge(original, patch) == {"volumes": [{"name": "a"}, {"name": "b", "x": 1, "y": 2}, {"name": "c"}]}


def test_things_of_the_original_keep_their_places() -> None:
    original = {"env": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}
    assert merge(original, {"env": [{"name": "b", "value": "1"}]})["env"] == [
        {"name": "a"},
        {"name": "b", "value": "1"},
        {"name": "c"},
    ]


def test_other_lists_are_replaced() -> None:
    assert merge({"args": ["a", "b"]}, {"args": ["c"]}) == {"args": ["c"]}


def test_nothing_is_shared() -> None:
    original, patch = {"a": {"b": []}}, {"c": {"d": []}}
    result = merge(original, patch)
    result["a"]["b"].append(1)
    result["c"]["d"].append(1)
    assert (original, patch) == ({"a": {"b": []}}, {"c": {"d": []}})
