# SPDX-License-Identifier: Apache-2.0
"""POST on a collection."""

from __future__ import annotations

from lateen.apiserver.operations.answer import written
from lateen.apiserver.operations.call import Call, Reply
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.document import read_body, typed
from lateen.apiserver.operations.write import store_new
from lateen.apiserver.status import bad_request


async def create(cluster: Cluster, call: Call) -> Reply:
    """Create an object: 201 with the object. Raises ApiError."""
    kind = call.kind
    schema = None if kind.custom else kind.schema(call.version)
    document = typed(call, kind, call.version, read_body(call.body, call.content_type, schema, kind.kind))
    if document["metadata"].get("resourceVersion"):
        raise bad_request("resourceVersion should not be set on objects to be created")
    if kind.inert:
        call.warnings.append(f"nothing in this cluster acts on a {kind.kind}: it is stored and shown, no more")
    call.name = document["metadata"].get("name") or ""
    document, stored = await store_new(cluster, call, document)
    return written(cluster, call, 201, document, stored)
