# SPDX-License-Identifier: Apache-2.0
"""`maxSurge: 25%` and the like (apimachinery IntOrString)."""

from __future__ import annotations

import math


def resolve(value: int | str | None, total: int, *, round_up: bool, default: str = "25%") -> int:
    """The number that an IntOrString stands for, of `total`."""
    if value is None:
        value = default
    if isinstance(value, int):
        return value
    share = int(value.removesuffix("%")) * total / 100
    return math.ceil(share) if round_up else math.floor(share)
