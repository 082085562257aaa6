# SPDX-License-Identifier: Apache-2.0
"""On which side of which proxy a listener is."""

from __future__ import annotations

import enum


class ListenerKind(enum.Enum):
    """What a listener is for; settings of the mesh differ by it."""

    SIDECAR_OUTBOUND = "SIDECAR_OUTBOUND"
    """The workload's outgoing connections."""
    SIDECAR_INBOUND = "SIDECAR_INBOUND"
    """Connections to the workload."""
    GATEWAY = "GATEWAY"
    """Connections to a gateway, from inside or outside of the mesh."""
