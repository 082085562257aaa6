# SPDX-License-Identifier: Apache-2.0
"""What can be said about one proxy: does it hold what it should, and if not, why."""

from __future__ import annotations

import enum
from typing import NamedTuple

from lateen.xds.refusal import Rejection


class Sync(enum.StrEnum):
    """How a proxy stands towards its newest configuration."""

    SYNCED = "synced"
    """It was sent and acknowledged."""
    WARMING = "warming"
    """It was sent, and Envoy withholds the acknowledgement of clusters until they are ready (endpoints, secrets)."""
    STALE = "stale"
    """Something is still to be sent or to be acknowledged."""
    REJECTED = "rejected"
    """Envoy refused a resource and goes on with what it had."""


class Status(NamedTuple):
    """One stream's state; the lists say why it is not `synced`."""

    sync: Sync
    rejections: tuple[Rejection, ...] = ()
    warming: tuple[str, ...] = ()
    """Clusters in responses that were not acknowledged yet."""
    missing_secrets: tuple[str, ...] = ()
    """Secrets that the proxy asked for and that do not exist, or that it may not have."""
    unacknowledged: tuple[str, ...] = ()
    """Types (`LDS`, `VHDS`, …) with responses that were not acknowledged yet."""
    ignored_types: tuple[str, ...] = ()
    """Type URLs that the proxy asked for and that this server does not serve."""

    def with_secrets(self, rejections: tuple[Rejection, ...], missing: tuple[str, ...]) -> Status:
        """This, and what the proxy's stream of secrets of its own has to say."""
        if not rejections and not missing:
            return self
        return self._replace(
            sync=Sync.REJECTED if rejections else self.sync,
            rejections=self.rejections + rejections,
            missing_secrets=tuple(sorted({*self.missing_secrets, *missing})),
        )

    def __str__(self) -> str:
        if self.sync is Sync.REJECTED:
            first = self.rejections[0]
            origin = f" ({first.origin})" if first.origin else ""
            more = f" and {len(self.rejections) - 1} more" if len(self.rejections) > 1 else ""
            return f"rejected {first.name}{origin}: {first.reason}{more}"
        if self.sync is Sync.WARMING:
            waits = f", waiting for secret {', '.join(self.missing_secrets)}" if self.missing_secrets else ""
            more = f" and {len(self.warming) - 3} more" if len(self.warming) > 3 else ""
            return f"warming {', '.join(self.warming[:3])}{more}{waits}"
        if self.sync is Sync.STALE and self.unacknowledged:
            return f"stale, {', '.join(self.unacknowledged)} not acknowledged"
        return self.sync.value
