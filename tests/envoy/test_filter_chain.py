# SPDX-License-Identifier: Apache-2.0
"""What filter chains match, and when Envoy could not tell two apart."""

from __future__ import annotations

import pytest

from lateen.envoy.filter_chain import ChainMatch


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
    ("one", "other", "same"),
    [
        (ChainMatch(server_names=("a", "b")), ChainMatch(server_names=("b", "a", "*")), True),
        (ChainMatch(cidrs=("10.1.2.3/8",)), ChainMatch(cidrs=("10.9.9.9/8",)), True),
        (ChainMatch(cidrs=("0.0.0.0/0",)), ChainMatch(), True),
        (ChainMatch(cidrs=("fd00::1/64",)), ChainMatch(cidrs=("fd00::2/64",)), True),
        (ChainMatch(cidrs=("10.0.0.0/8",)), ChainMatch(cidrs=("10.0.0.0/9",)), False),
        (ChainMatch(transport="tls"), ChainMatch(), False),
        (ChainMatch(applications=("h2",)), ChainMatch(applications=("h2", "h2c")), False),
        (ChainMatch(destination_port=1), ChainMatch(destination_port=2), False),
    ],
)
def test_chains_that_envoy_could_not_tell_apart(one: ChainMatch, other: ChainMatch, same: bool) -> None:
    assert (one.condition == other.condition) is same
