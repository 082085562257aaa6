# SPDX-License-Identifier: Apache-2.0
"""Durations as text: Go's notation, which contains protobuf's (1.5s)."""

import re
from decimal import Decimal
from typing import Final

from lateen.model.duration import Duration

_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_LONGEST: Final = 64
_LIMIT: Final = 2**63


def parse(text: str) -> Duration | None:
    """The duration that the text says: `90s`, `1m30s`, `1.5h`, `0`; None when it says none or it overflows."""
    if len(text) > _LONGEST:
        return None
    sign, rest = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    if rest == "0":
        return Duration(0)
    total = Decimal(0)
    position = 0
    while position < len(rest):
        found = _PART.match(rest, position)
        if found is None:
            return None
        total += Decimal(found[1]) * _UNITS[found[2]]
        position = found.end()
    if not rest or total >= _LIMIT:
        return None
    return Duration(sign * int(total))


def render(duration: Duration) -> str:
    """Protobuf's JSON form: seconds with as many decimals as it takes."""
    sign = "-" if duration < 0 else ""
    seconds, rest = divmod(abs(duration), 1_000_000_000)
    decimals = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{sign}{seconds}{decimals}s"
