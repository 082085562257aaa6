# SPDX-License-Identifier: Apache-2.0
"""The mesh's settings as queries: the whole, and narrow pieces, so that a change of one setting stays with its readers."""

from __future__ import annotations

from lateen.incremental.engine import Engine, query
from lateen.state import inputs

TRUST_DOMAIN = "cluster.local"


@query
def domain(db: Engine) -> str:
    """The cluster's DNS domain."""
    return inputs.domain(db, None)
