# SPDX-License-Identifier: Apache-2.0
"""Timestamps as Kubernetes writes them: `Time` (whole seconds, UTC) and `MicroTime` (six digits)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)",
)


class TimeError(ValueError):
    """The text is no RFC 3339 timestamp; the message is Go's."""


def parse(text: str) -> datetime:
    """An RFC 3339 timestamp as an aware datetime in UTC. Raises TimeError."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise TimeError(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"')
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise TimeError(f'parsing time "{text}": day out of range') from None


def time(moment: datetime) -> str:
    """`2026-01-31T10:20:30Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def microtime(moment: datetime) -> str:
    """`2026-01-31T10:20:30.000001Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
