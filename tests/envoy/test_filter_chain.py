# SPDX-License-Identifier: Apache-2.0
"""What filter chains match, and what of it another has already."""

from __future__ import annotations

import pytest

from lateen.envoy.filter_chain import ChainMatch, is_server_name


def test_empty_and_starred_conditions_match_everything() -> None:
    assert ChainMatch().matches_all
    assert ChainMatch(server_names=("a.com", "*")).matches_all
    for match in (
        ChainMatch(destination_port=80),
        ChainMatch(cidrs=("10.0.0.0/8",)),
        ChainMatch(server_names=("a.com",)),
        ChainMatch(transport="tls"),
        ChainMatch(applications=("h2c",)),
    ):
        assert not match.matches_all


def test_names_and_blocks_are_sorted_and_what_covers_everything_is_left_out() -> None:
    message = ChainMatch(server_names=("b.com", "a.com"), cidrs=("10.2.0.0/16", "0.0.0.0/0", "10.1.0.5", "x")).message()
    assert list(message.server_names) == ["a.com", "b.com"]
    assert [(b.address_prefix, b.prefix_len.value) for b in message.prefix_ranges] == [
        ("10.1.0.5", 32),
        ("10.2.0.0", 16),
    ]


@pytest.mark.parametrize(
    ("one", "other", "left"),
    [
        (ChainMatch(server_names=("a", "b")), ChainMatch(server_names=("b", "a")), None),
        (ChainMatch(server_names=("a", "*")), ChainMatch(), None),
        (ChainMatch(server_names=("a", "b")), ChainMatch(server_names=("b", "c")), ChainMatch(server_names=("c",))),
        (ChainMatch(cidrs=("10.1.2.3/8",)), ChainMatch(cidrs=("10.9.9.9/8",)), None),
        (
            ChainMatch(cidrs=("10.0.0.0/8",)),
            ChainMatch(cidrs=("10.9.9.9/8", "11.0.0.0/8")),
            ChainMatch(cidrs=("11.0.0.0/8",)),
        ),
        (ChainMatch(cidrs=("0.0.0.0/0",)), ChainMatch(), None),
        (ChainMatch(cidrs=("fd00::1/64",)), ChainMatch(cidrs=("fd00::2/64",)), None),
        (ChainMatch(applications=("h2",)), ChainMatch(applications=("h2", "h2c")), None),
    ],
)
def test_what_is_left_of_a_match_beside_another(one: ChainMatch, other: ChainMatch, left: ChainMatch | None) -> None:
    assert other.without(one.combinations) == left


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ChainMatch(cidrs=("10.0.0.0/8",)), ChainMatch(cidrs=("10.0.0.0/9",))),
        (ChainMatch(server_names=("a",)), ChainMatch(server_names=("*.a",))),
        (ChainMatch(transport="tls"), ChainMatch()),
        (ChainMatch(destination_port=1), ChainMatch(destination_port=2)),
    ],
)
def test_matches_that_do_not_meet(one: ChainMatch, other: ChainMatch) -> None:
    assert other.without(one.combinations) is other


def test_envoy_knows_wildcards_of_whole_labels() -> None:
    assert [n for n in ("a.com", "*.a.com", "*", "*a.com", "a.*.com", "*.a.*", "a*") if is_server_name(n)] == [
        "a.com",
        "*.a.com",
        "*",
    ]
