# SPDX-License-Identifier: Apache-2.0
"""Durations in Go's and protobuf's notation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.model.duration import Duration
from lateen.parse.text import duration


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1s", 10**9),
        ("0", 0),
        ("0s", 0),
        ("1.5s", 1_500_000_000),
        ("0.000000001s", 1),
        ("1m30s", 90 * 10**9),
        ("1h", 3600 * 10**9),
        ("100ms", 10**8),
        ("1us", 1000),
        ("1µs", 1000),
        ("7ns", 7),
        ("-2s", -2 * 10**9),
        (".5s", 500_000_000),
        ("5.s", 5 * 10**9),
    ],
)
def test_parse(text: str, nanoseconds: int) -> None:
    assert duration.parse(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "s", "5", "1 s", "1d", "--1s", "1s1", "s1", "٣s", "9" * 30 + "s", "1s" * 40])
def test_what_is_none(text: str) -> None:
    assert duration.parse(text) is None


@given(st.integers(min_value=-(2**62), max_value=2**62))
def test_round_trip(nanoseconds: int) -> None:
    assert duration.parse(duration.render(Duration(nanoseconds))) == nanoseconds
