# SPDX-License-Identifier: Apache-2.0
"""What a connection pool says about making connections."""

from __future__ import annotations

from lateen.compile.clusters.defaults import ClusterDefaults
from lateen.model.duration import Duration
from lateen.model.networking.connection_pool import ConnectionPoolSettings, TcpKeepalive


def connect_timeout(pool: ConnectionPoolSettings | None, defaults: ClusterDefaults) -> Duration:
    """The time for a connection to be made: the pool's, else the mesh's."""
    said = pool.tcp.connect_timeout if pool is not None and pool.tcp is not None else None
    return defaults.connect_timeout if said is None else said


def keepalive_of(pool: ConnectionPoolSettings | None) -> TcpKeepalive | None:
    """The keepalive probes of a pool; they complete those of the mesh."""
    return pool.tcp.tcp_keepalive if pool is not None and pool.tcp is not None else None
