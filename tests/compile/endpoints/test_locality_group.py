# SPDX-License-Identifier: Apache-2.0
"""Ranking of endpoints by where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.compile.endpoints.locality_group import (
    MAX_WEIGHT,
    Candidate,
    LocalityGroup,
    covers,
    distance,
    distributed,
    fitting,
    ranked,
    weight_of,
)
from lateen.compile.endpoints.viewpoint import Viewpoint
from lateen.compile.traffic_policy.locality import LocalityPreference
from lateen.compile.workload import Locality
from lateen.model.networking.load_balancer import LocalityDistribute, LocalityFailover, LocalityLoadBalancerSetting

HERE = Locality("r1", "a")
PLACES = [Locality("r1", "a"), Locality("r1", "b"), Locality("r2", "c"), Locality("r3", "d")]


def group(place: Locality, *labels: dict[str, str], count: int = 1) -> LocalityGroup:
    carried = labels or ({},) * count
    members = tuple(
        Candidate(address=f"10.0.0.{at}", port=80, weight=1, labels=tuple(sorted(own.items())))
        for at, own in enumerate(carried)
    )
    return LocalityGroup(locality=place, members=members, weight=weight_of(members))


def preferring(**setting: object) -> LocalityPreference:
    return LocalityPreference(LocalityLoadBalancerSetting(**setting), failover=True)  # type: ignore[arg-type]


def priorities(groups: list[LocalityGroup]) -> list[int]:
    return [found.priority for found in groups]


def test_distance() -> None:
    assert [distance(HERE, place) for place in PLACES] == [0, 2, 3, 3]
    assert distance(Locality("r1", "a", "x"), Locality("r1", "a", "y")) == 1


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [("*", True), ("r1", True), ("r1/*", True), ("r1/a", True), ("r1/a/*", True), ("r1/b/*", False), ("r2", False)],
)
def test_patterns_of_places(pattern: str, covered: bool) -> None:
    assert covers(pattern, HERE) is covered


def test_near_groups_come_first_without_gaps() -> None:
    groups = [group(place) for place in PLACES]
    assert priorities(ranked(groups, preferring(), Viewpoint(locality=HERE))) == [0, 1, 2, 2]
    assert priorities(ranked(groups[2:], preferring(), Viewpoint(locality=HERE))) == [0, 0]


def test_the_region_that_takes_over_comes_before_the_others() -> None:
    groups = [group(place) for place in PLACES]
    setting = preferring(failover=(LocalityFailover(from_="r1", to="r3"), LocalityFailover(from_="r2", to="r1")))
    assert priorities(ranked(groups, setting, Viewpoint(locality=HERE))) == [0, 1, 3, 2]
    other = preferring(failover=(LocalityFailover(from_="r2", to="r3"),))
    assert priorities(ranked(groups, other, Viewpoint(locality=HERE))) == [0, 1, 2, 2]


def test_labels_in_common_split_groups() -> None:
    groups = [group(HERE, {"version": "v1"}, {"version": "v2"}), group(PLACES[1], {"version": "v1"})]
    view = Viewpoint(locality=HERE, labels=(("version", "v1"),))
    found = ranked(groups, preferring(failover_priority=("version",)), view)
    assert [(g.locality.zone, g.priority, len(g.members), g.weight) for g in found] == [
        ("a", 0, 1, 1),
        ("a", 1, 1, 1),
        ("b", 0, 1, 1),
    ]


def test_labels_must_agree_from_the_first_on() -> None:
    groups = [group(HERE, {"a": "1", "b": "2"}, {"a": "1", "b": "x"}, {"a": "x", "b": "2"}, {})]
    view = Viewpoint(locality=HERE, labels=(("a", "1"), ("b", "2")))
    found = ranked(groups, preferring(failover_priority=("a", "b")), view)
    assert [(g.priority, [m.address[-1] for m in g.members]) for g in found] == [
        (0, ["0"]),
        (1, ["1"]),
        (2, ["2", "3"]),
    ]


def test_a_label_may_have_its_value_given() -> None:
    groups = [group(HERE, {"tier": "gold"}, {"tier": "tin"})]
    found = ranked(groups, preferring(failover_priority=("tier=gold",)), Viewpoint())
    assert [(g.priority, g.members[0].address[-1]) for g in found] == [(0, "0"), (1, "1")]


def test_a_label_that_both_lack_is_in_common() -> None:
    found = ranked([group(HERE, {})], preferring(failover_priority=("rack",)), Viewpoint(labels=(("rack", ""),)))
    assert priorities(found) == [0]


def test_failover_refines_labels() -> None:
    groups = [group(HERE, {"v": "1"}, {"v": "2"}), group(PLACES[3], {"v": "1"})]
    setting = preferring(failover_priority=("v",), failover=(LocalityFailover(from_="r1", to="r3"),))
    found = ranked(groups, setting, Viewpoint(locality=HERE, labels=(("v", "1"),)))
    assert priorities(found) == [0, 2, 1]


def test_endpoints_in_the_cluster_itself_are_not_ranked_by_labels() -> None:
    groups = [group(HERE, {"v": "1"}, {"v": "2"})]
    assert ranked(groups, preferring(failover_priority=("v",)), Viewpoint(), by_labels=False) == groups


def test_shares_are_divided_and_other_places_emptied() -> None:
    groups = [group(PLACES[0], count=2), group(PLACES[1]), group(PLACES[2]), group(PLACES[3])]
    share = LocalityDistribute(from_="r1/a/*", to={"r1/*": 80, "r2/c/*": 20})
    found = distributed(groups, (LocalityDistribute(from_="r9"), share), HERE)
    assert [(g.weight, len(g.members)) for g in found] == [(54, 2), (27, 1), (20, 1), (1, 0)]


def test_clients_elsewhere_are_left_alone() -> None:
    groups = [group(PLACES[0]), group(PLACES[1])]
    assert distributed(groups, (LocalityDistribute(from_="r9", to={"r1": 100}),), HERE) == groups


@given(st.lists(st.sampled_from(PLACES), unique=True, min_size=1), st.sampled_from(PLACES))
def test_priorities_have_no_gaps(places: list[Locality], client: Locality) -> None:
    found = ranked([group(place) for place in places], preferring(), Viewpoint(locality=client))
    assert sorted(set(priorities(found))) == list(range(len(set(priorities(found)))))
    by_rank = sorted(found, key=lambda g: g.priority)
    assert [distance(client, g.locality) for g in by_rank] == sorted(distance(client, place) for place in places)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=5), st.integers(1, 100))
def test_shares_stay_near_what_is_asked(weights: list[int], percent: int) -> None:
    members = [Candidate(address="10.0.0.1", port=80, weight=1)]
    groups = [
        LocalityGroup(locality=Locality("r", f"z{at}"), members=tuple(members), weight=weight)
        for at, weight in enumerate(weights)
    ]
    found = distributed(groups, (LocalityDistribute(from_="*", to={"r/*": percent}),), HERE)
    assert percent <= sum(g.weight for g in found) <= percent + len(weights)
    assert all(g.members for g in found)


def test_weights_are_such_that_envoy_can_add_them_up() -> None:
    heavy, light = (
        Candidate(address="10.0.0.1", port=80, weight=MAX_WEIGHT),
        Candidate(address="10.0.0.2", port=80, weight=1),
    )
    groups = [
        LocalityGroup(locality=Locality("r1"), members=(heavy, heavy, light), weight=MAX_WEIGHT),
        LocalityGroup(locality=Locality("r2"), members=(heavy,), weight=MAX_WEIGHT),
    ]
    first, second = fitting(groups)
    weights = [member.weight for group in (first, second) for member in group.members]
    assert sum(weights) <= MAX_WEIGHT
    assert first.weight + second.weight <= MAX_WEIGHT
    assert first.weight == second.weight
    assert len(set(weights)) == 2
    assert min(weights) == 1
    assert fitting(groups[1:]) == groups[1:]
