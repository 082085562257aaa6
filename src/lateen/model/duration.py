# SPDX-License-Identifier: Apache-2.0
"""Durations: whole nanoseconds, as Go and protobuf count them."""

from typing import NewType

Duration = NewType("Duration", int)
"""A length of time in nanoseconds; may be negative where the API says so."""

NANOSECOND = 1
MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def seconds(value: float) -> Duration:
    """The duration of so many seconds."""
    return Duration(round(value * SECOND))


def milliseconds(value: float) -> Duration:
    """The duration of so many milliseconds."""
    return Duration(round(value * MILLISECOND))
