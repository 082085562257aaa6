# SPDX-License-Identifier: Apache-2.0
"""When a certificate is to be replaced: a rule about times, without a clock."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

GRACE = 0.5
"""The part of its life that a certificate has left when it is replaced (Istio's SECRET_GRACE_PERIOD_RATIO)."""

JITTER = 0.01
"""The part of its life over which replacements are spread (Istio's SECRET_GRACE_PERIOD_RATIO_JITTER)."""


class Validity(NamedTuple):
    """The time in which a certificate is valid."""

    not_before: datetime
    not_after: datetime


def replace_at(validity: Validity, spread: float = 0.0) -> datetime:
    """The moment from which on a certificate should be replaced.

    `spread` (0 to 1) moves it earlier by up to `JITTER` of its life, so that certificates issued together are not all
    replaced together.
    """
    life = validity.not_after - validity.not_before
    return validity.not_after - life * (GRACE + JITTER * spread)


def due(validity: Validity, now: datetime, spread: float = 0.0) -> bool:
    """Whether a certificate should be replaced at `now`; also true of one that is not valid yet."""
    return now < validity.not_before or now >= replace_at(validity, spread)
