# SPDX-License-Identifier: Apache-2.0
"""The reply to a write: the object in the form the client asked for."""

from __future__ import annotations

import orjson

from lateen.apiserver.operations import present
from lateen.apiserver.operations.call import Call, Reply
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.store.revision import Key, Stored


def written(cluster: Cluster, call: Call, code: int, document: Document, stored: Stored | None) -> Reply:
    """`stored` is None after a dry run: then the document itself is shown."""
    if stored is None:
        body = {k: v for k, v in document.items() if k not in ("apiVersion", "kind")}
        key = Key(call.kind.resource, call.namespace, document["metadata"].get("name", ""))
        stored = Stored(key, 0, orjson.dumps(body))
    return shown(cluster, call, code, stored)


def shown(cluster: Cluster, call: Call, code: int, stored: Stored) -> Reply:
    """One object as the `Accept` header wants it."""
    form, version, encoding = present.negotiate(call.accept)
    if form == present.TABLE:
        table = present.TableForm(call.kind, call.version, version, call.query.get("includeObject", ""), cluster.now())
        body = orjson.dumps(table.table([stored], {"resourceVersion": _version(stored)}))
    elif form == present.METADATA:
        body = orjson.dumps(present.partial(stored.document(), version))
    else:
        body = present.whole(call.kind, call.version, stored)
    return present.encoded(Reply(code, body), encoding)


def _version(stored: Stored) -> str:
    return str(stored.document()["metadata"].get("resourceVersion", ""))
