# SPDX-License-Identifier: Apache-2.0
"""The difference between two stacks of tables."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lateen.envoy.blob import CLUSTER, Blob
from lateen.incremental.table import Table
from lateen.xds.layers import Layers, difference, find, names, same

REVISIONS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 3))


def stack(revisions: dict[str, int], layer_of: dict[str, int], count: int) -> Layers:
    """`revisions` spread over `count` layers."""
    return tuple(
        Table(
            {
                name: Blob(CLUSTER, name, f"{name} {revision}".encode())
                for name, revision in revisions.items()
                if layer_of.get(name, 0) % count == number
            }
        )
        for number in range(count)
    )


PLACES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 2))


@given(REVISIONS, REVISIONS, PLACES, PLACES, st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_difference_leads_from_the_one_to_the_other_and_says_nothing_more(
    before: dict[str, int],
    after: dict[str, int],
    places_before: dict[str, int],
    places_after: dict[str, int],
    count_before: int,
    count_after: int,
    share: bool,
) -> None:
    old = stack(before, places_before, count_before)
    new = stack(after, places_after, count_after)
    if share:  # layers that both have in common
        common = Table({"z": Blob(CLUSTER, "z", b"z")})
        old, new = (*old, common), (common, *new)
    change = difference(old, new)
    assert sorted(change.changed) == sorted(n for n, revision in after.items() if before.get(n) != revision)
    assert sorted(change.removed) == sorted(n for n in before if n not in after)


def test_derived_table_answers_without_being_compared() -> None:
    old = Table({name: Blob(CLUSTER, name, b"1") for name in "abc"})
    new = old.derive({"a": Blob(CLUSTER, "a", b"2")}, ("b",))
    other = Table({"x": Blob(CLUSTER, "x", b"1")})
    assert difference((old, other), (new, other)) == (("a",), ("b",))
    assert difference((new, other), (new, other)) == ((), ())


def test_same_goes_by_identity() -> None:
    one, two = Table({"a": Blob(CLUSTER, "a", b"1")}), Table({"a": Blob(CLUSTER, "a", b"1")})
    assert same((one,), (one,))
    assert not same((one,), (two,))
    assert not same((one,), (one, two))


def test_find_and_names() -> None:
    layers = stack({"a": 1, "b": 2, "c": 3}, {"b": 1}, 2)
    assert list(names(layers)) == ["a", "c", "b"]
    assert find(layers, "b") == Blob(CLUSTER, "b", b"b 2")
    assert find(layers, "x") is None
