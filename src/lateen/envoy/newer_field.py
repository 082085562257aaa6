# SPDX-License-Identifier: Apache-2.0
"""Fields that this version of Envoy has and the generated messages do not have yet."""

from __future__ import annotations

from typing import Any as Message

_LENGTH_DELIMITED = 2


def set_newer_field(message: Message, number: int, value: Message) -> None:
    """Set the field `number` of `message` to the message `value`. It travels as an unknown field, which protobuf keeps:
    Envoy reads it, the generated class does not show it."""
    body = value.SerializeToString(deterministic=True)
    message.MergeFromString(_varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(body)) + body)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
