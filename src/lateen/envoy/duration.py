# SPDX-License-Identifier: Apache-2.0
"""Durations as Envoy takes them."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration as Message

from lateen.model.duration import SECOND, Duration


def duration_message(length: Duration | int) -> Message:
    """Nanoseconds as a protobuf Duration. Both parts carry the sign, as protobuf demands."""
    seconds, nanoseconds = divmod(abs(length), SECOND)
    return Message(seconds=-seconds, nanos=-nanoseconds) if length < 0 else Message(seconds=seconds, nanos=nanoseconds)
