# SPDX-License-Identifier: Apache-2.0
"""Watches: from a call to a `Watcher` that has its first events queued."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import orjson

from lateen.apiserver.operations import present
from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.read import asked_version, selection, single_name
from lateen.apiserver.registry.kind import Kind
from lateen.apiserver.status import ApiError, gone, invalid, too_new
from lateen.apiserver.status import forbidden_field as forbidden_cause
from lateen.apiserver.store.revision import ADDED, Revision, Stored
from lateen.apiserver.watch import Watcher

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class ObjectEvents:
    """Events that carry whole objects."""

    def __init__(self, kind: Kind, version: str) -> None:
        self.form: object = (kind.group, version)
        self._prefix = present.prefix(kind, version)

    def event(self, type_: str, stored: Stored) -> bytes:
        return b'{"type":"%s","object":%s%s}\n' % (type_.encode(), self._prefix, stored.body[1:])


class MetadataEvents:
    """Events that carry metadata only."""

    def __init__(self, version: str) -> None:
        self.form: object = ("metadata", version)
        self._version = version

    def event(self, type_: str, stored: Stored) -> bytes:
        return orjson.dumps({"type": type_, "object": present.partial(stored.document(), self._version)}) + b"\n"


class TableEvents:
    """Events that carry a table of one row; only the first one a watcher gets names the columns."""

    def __init__(self, kind: Kind, version: str, meta: str, include: str, now: Callable[[], datetime]) -> None:
        self._kind, self._version, self._meta, self._include, self._now = kind, version, meta, include, now
        self._first = True

    @property
    def form(self) -> object:
        """The first event differs from later ones, so it has a form of its own."""
        return ("table", self._version, self._meta, self._include, id(self) if self._first else 0)

    def event(self, type_: str, stored: Stored) -> bytes:
        form = present.TableForm(self._kind, self._version, self._meta, self._include, self._now())
        metadata = {"resourceVersion": str(stored.version)}
        table = form.table([stored], metadata, columns=self._first)
        self._first = False
        return orjson.dumps({"type": type_, "object": table}) + b"\n"


def start(cluster: Cluster, call: Call, wake: Callable[[], None]) -> Watcher:
    """A watcher that has caught up with the store and is registered for what comes. Raises ApiError."""
    store, kind = cluster.store, call.kind
    wanted = asked_version(call)
    given = call.query.get("resourceVersion", "")
    initial = _send_initial(call, given)
    if wanted > store.version and initial:
        raise too_new(wanted, store.version)
    watcher = Watcher(
        kind.resource, call.namespace, call.name or single_name(call), _events(cluster, call), selection(call), wake
    )
    if initial:
        _replay(cluster, watcher)
        if call.query.get("sendInitialEvents"):
            watcher.push(bookmark(call, store.version, initial_end=True))
    else:
        watcher.after = wanted
        missed = store.since(wanted)
        if missed is None:
            raise gone(f"too old resource version: {wanted} ({store.compacted + 1})")
        for revision in missed:
            concerned = revision.key.resource == kind.resource
            if concerned and call.namespace in ("", revision.key.namespace):
                watcher.offer(revision)
                revision.frames.clear()
    cluster.hub.add(watcher)
    return watcher


def _send_initial(call: Call, given: str) -> bool:
    """Does the watch begin with the present state? Raises ApiError."""
    if "sendInitialEvents" in call.query:
        match = call.query.get("resourceVersionMatch")
        send = call.flag("sendInitialEvents")
        if match != "NotOlderThan":
            detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            raise invalid("meta.k8s.io", "ListOptions", "", [forbidden_cause("resourceVersionMatch", detail)])
        return send
    if call.query.get("resourceVersionMatch"):
        detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        raise invalid("meta.k8s.io", "ListOptions", "", [forbidden_cause("resourceVersionMatch", detail)])
    return given in ("", "0")


def _replay(cluster: Cluster, watcher: Watcher) -> None:
    for stored in cluster.store.objects(watcher.resource, watcher.namespace):
        watcher.offer(Revision(stored.version, ADDED, stored, None))


def _events(cluster: Cluster, call: Call) -> ObjectEvents | MetadataEvents | TableEvents:
    form, version, _ = present.negotiate(call.accept)
    if form == present.TABLE:
        return TableEvents(call.kind, call.version, version, call.query.get("includeObject", ""), cluster.now)
    if form in (present.METADATA, present.METADATA_LIST):
        return MetadataEvents(version)
    return ObjectEvents(call.kind, call.version)


def bookmark(call: Call, version: int, *, initial_end: bool = False) -> bytes:
    """A bookmark in the form the watch has."""
    metadata: dict[str, object] = {"resourceVersion": str(version), "creationTimestamp": None}
    if initial_end:
        metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
    form, meta_version, _ = present.negotiate(call.accept)
    if form == present.TABLE:
        shown: dict[str, object] = {
            "kind": "Table",
            "apiVersion": f"meta.k8s.io/{meta_version}",
            "metadata": {"resourceVersion": str(version)},
            "columnDefinitions": None,
            "rows": [],
        }
        if initial_end:
            shown["rows"] = [
                {
                    "cells": [],
                    "object": {
                        "kind": present.METADATA,
                        "apiVersion": f"meta.k8s.io/{meta_version}",
                        "metadata": metadata,
                    },
                }
            ]
    elif form in (present.METADATA, present.METADATA_LIST):
        shown = {"kind": present.METADATA, "apiVersion": f"meta.k8s.io/{meta_version}", "metadata": metadata}
    else:
        shown = {"kind": call.kind.kind, "apiVersion": call.api_version, "metadata": metadata}
    return orjson.dumps({"type": "BOOKMARK", "object": shown}) + b"\n"


def error_event(error: ApiError) -> bytes:
    return orjson.dumps({"type": "ERROR", "object": error.body}) + b"\n"
