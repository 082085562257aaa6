# SPDX-License-Identifier: Apache-2.0
"""The address that connections to the proxy's own workload come from."""

from __future__ import annotations

from typing import Any as Message

from lateen.compile.clusters.client import Families
from lateen.envoy.cluster import set_source_address

OWN_V4 = "127.0.0.6"
OWN_V6 = "::6"
"""The redirection rules let connections from here pass; from elsewhere they would come back to the proxy."""


def set_own_source_address(cluster: Message, families: Families) -> None:
    """Have the cluster's connections come from the address that the redirection spares."""
    match families:
        case Families.V4:
            set_source_address(cluster, OWN_V4)
        case Families.V6:
            set_source_address(cluster, OWN_V6)
        case Families.DUAL:
            set_source_address(cluster, OWN_V4, OWN_V6)
