# SPDX-License-Identifier: Apache-2.0
"""PUT on an object or on its status."""

from __future__ import annotations

from lateen.apiserver.operations.answer import written
from lateen.apiserver.operations.call import Call, Reply
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.document import read_body, typed
from lateen.apiserver.operations.metadata import key_of
from lateen.apiserver.operations.write import name_mismatch, store_new, store_replacement
from lateen.apiserver.status import not_found


async def update(cluster: Cluster, call: Call) -> Reply:
    """Replace an object; some kinds are created when they do not exist. Raises ApiError."""
    kind = call.kind
    schema = None if kind.custom else kind.schema(call.version)
    document = typed(call, kind, call.version, read_body(call.body, call.content_type, schema, kind.kind))
    name_mismatch(call, document)
    current = cluster.store.head(key_of(kind, call.namespace, call.name))
    if current is None:
        if not kind.strategy.create_on_update or call.subresource:
            raise not_found(kind.plural, kind.group, call.name)
        document, created = await store_new(cluster, call, document)
        return written(cluster, call, 201, document, created)
    document, stored = await store_replacement(cluster, call, document, current)
    return written(cluster, call, 200, document, None if call.dry_run else stored)
