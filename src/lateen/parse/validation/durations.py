# SPDX-License-Identifier: Apache-2.0
"""Checks of durations."""

from lateen.model.duration import MILLISECOND, SECOND, Duration


def positive(duration: Duration | None) -> str | None:
    """At least a millisecond, in whole milliseconds; absent is fine."""
    if duration is None:
        return None
    if duration < MILLISECOND:
        return "duration must be greater than 1ms"
    return "only durations to ms precision are supported" if duration % MILLISECOND else None


def drain(duration: Duration | None) -> str | None:
    """At least a second, in whole seconds."""
    wrong = positive(duration if duration is not None else Duration(0))
    if wrong:
        return f"invalid drain duration: {wrong}"
    return "drain time only supports durations to seconds precision" if (duration or 0) % SECOND else None
