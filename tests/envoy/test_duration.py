# SPDX-License-Identifier: Apache-2.0
"""Durations as Envoy takes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lateen.envoy.duration import duration_message


@given(st.integers(-(10**18), 10**18))
def test_nothing_is_lost(nanoseconds: int) -> None:
    message = duration_message(nanoseconds)
    assert message.ToNanoseconds() == nanoseconds
    assert message.seconds * message.nanos >= 0
    assert abs(message.nanos) < 10**9
