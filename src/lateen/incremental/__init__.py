# SPDX-License-Identifier: Apache-2.0
"""The query engine: inputs, memoised queries and recorded reads. It knows nothing of meshes."""

from lateen.incremental.engine import Collection, CycleError, Engine, Failure, Input, Query, collection, query
from lateen.incremental.table import Change, Table

__all__ = ["Change", "Collection", "CycleError", "Engine", "Failure", "Input", "Query", "Table", "collection", "query"]
