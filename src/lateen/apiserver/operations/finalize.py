# SPDX-License-Identifier: Apache-2.0
"""PUT namespaces/NAME/finalize: the namespace controller says that a namespace is empty."""

from __future__ import annotations

from lateen.apiserver.operations.answer import written
from lateen.apiserver.operations.call import Call, Reply
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.document import read_body, typed
from lateen.apiserver.operations.metadata import key_of
from lateen.apiserver.operations.write import name_mismatch, put
from lateen.apiserver.operations.write import remove as take_away
from lateen.apiserver.status import MODIFIED, conflict, not_found


async def finalize(cluster: Cluster, call: Call) -> Reply:
    """Replace `spec.finalizers`; the namespace goes with the last of them. Raises ApiError."""
    given = typed(call, call.kind, call.version, read_body(call.body, call.content_type))
    name_mismatch(call, given)
    current = cluster.store.head(key_of(call.kind, "", call.name))
    if current is None:
        raise not_found("namespaces", "", call.name)
    document = current.document()
    version = given["metadata"].get("resourceVersion")
    if version and version != document["metadata"]["resourceVersion"]:
        raise conflict("namespaces", "", call.name, MODIFIED)
    finalizers = (given.get("spec") or {}).get("finalizers")
    if finalizers:
        document["spec"]["finalizers"] = finalizers
    else:
        document["spec"] = {}
    if call.dry_run:
        return written(cluster, call, 200, document, None)
    if document["metadata"].get("deletionTimestamp") and not finalizers and not document["metadata"].get("finalizers"):
        stored = await take_away(cluster, current.key, document)
    else:
        stored = await put(cluster, current.key, document)
    return written(cluster, call, 200, document, stored)
