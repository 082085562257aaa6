# SPDX-License-Identifier: Apache-2.0
"""`metadata.managedFields`: who wrote which field, kept up on every write."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from lateen.apiserver.apply import field_sets, paths
from lateen.apiserver.apply.paths import Path
from lateen.apiserver.operations.call import Call
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.schema import times
from lateen.apiserver.schema.decode import decode
from lateen.apiserver.schema.node import Schema

APPLY, UPDATE = "Apply", "Update"
_MOST_UPDATES = 10
_ANCIENT = "ancient-changes"

UNOWNED: frozenset[Path] = frozenset(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",)]
    + [
        ("f:metadata", "f:" + name)
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    ]
)
"""Fields of every object that belong to nobody."""


class ManagerKey(NamedTuple):
    """What makes an entry: appliers keep one whatever version they use, updaters one per version."""

    manager: str
    operation: str
    api_version: str
    subresource: str

    def shown(self) -> str:
        text = f'"{self.manager}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return f"{text} using {self.api_version}" if self.operation == UPDATE else text


@dataclass(slots=True)
class Owned:
    """The fields of one manager, and when it last took one."""

    fields: set[Path]
    api_version: str
    time: str


Managers = dict[ManagerKey, Owned]


def read(entries: Any) -> Managers:
    """The managers in `metadata.managedFields`; what is malformed counts as absent."""
    found: Managers = {}
    for entry in entries or ():
        if not isinstance(entry, dict) or not isinstance(entry.get("fieldsV1"), dict):
            continue
        operation, version = entry.get("operation", ""), entry.get("apiVersion", "")
        key = ManagerKey(
            entry.get("manager", ""), operation, "" if operation == APPLY else version, entry.get("subresource", "")
        )
        found[key] = Owned(paths.from_fields(entry["fieldsV1"]), version, entry.get("time", ""))
    return found


def write(managers: Managers) -> list[Document]:
    """The entries of `metadata.managedFields`, in their canonical order."""
    ordered = sorted(
        managers.items(),
        key=lambda item: (item[0].operation, item[1].time, item[0].manager, item[1].api_version, item[0].subresource),
    )
    return [_entry(key, owned) for key, owned in ordered]


def _entry(key: ManagerKey, owned: Owned) -> Document:
    entry: Document = {
        "manager": key.manager,
        "operation": key.operation,
        "apiVersion": owned.api_version,
        "time": owned.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": paths.to_fields(owned.fields),
    }
    if not owned.time:
        del entry["time"]
    if key.subresource:
        entry["subresource"] = key.subresource
    return entry


def ignored(call: Call) -> tuple[Path, ...]:
    """What a write cannot change, so that it owns nothing of it: the status, or everything but the status."""
    if call.subresource == "status":
        return (("f:spec",), ("f:metadata", "f:labels"))
    if call.kind.has_status:
        return (("f:status",),)
    return ()


def record_update(call: Call, now: datetime, new: Document, old: Document | None) -> None:
    """Note in `new` what this write changed; `old` is None on creation."""
    given = new["metadata"].pop("managedFields", None)
    before = (old or {}).get("metadata", {}).get("managedFields")
    if given == [] or given == [{}]:
        if old is not None:
            return
        given = None
    managers = read(given) if given and not call.subresource else {}
    managers = managers or read(before)
    if not managers and old is not None:
        return
    take(call, now, managers, new, old)
    _cap(managers)
    if managers:
        new["metadata"]["managedFields"] = write(managers)


def take(call: Call, now: datetime, managers: Managers, new: Document, old: Document | None, name: str = "") -> None:
    """Give the writer what it changed, and take that from everybody else."""
    schema = call.kind.schema(call.version)
    base = _bare(old) if old is not None else nothing(call)
    found = field_sets.compare(schema, base, _bare(new)).without(ignored(call))
    changed = (found.added | found.modified) - UNOWNED
    release(managers, changed | found.removed)
    if changed:
        key = ManagerKey(name or call.manager, UPDATE, call.api_version, call.subresource)
        owned = managers.setdefault(key, Owned(set(), call.api_version, ""))
        owned.fields |= changed
        owned.time = "" if call.subresource == "scale" else times.time(now)


def release(managers: Managers, taken: set[Path], keep: ManagerKey | None = None) -> None:
    """Take fields from all managers but `keep`; those left with nothing go."""
    for key in list(managers):
        if key != keep:
            owned = managers[key]
            if not owned.fields.isdisjoint(taken):
                owned.fields -= taken
            if not owned.fields:
                del managers[key]


def _bare(document: Document) -> Document:
    """A document without what nobody owns and what changes with every write."""
    metadata = document["metadata"]
    if "managedFields" in metadata or "resourceVersion" in metadata:
        metadata = {k: v for k, v in metadata.items() if k not in ("managedFields", "resourceVersion")}
    return {**document, "metadata": metadata}


def nothing(call: Call) -> Document:
    """The object before it was created: for built-in kinds what Go writes of an empty one."""
    found = {"apiVersion": call.api_version, "kind": call.kind.kind, "metadata": {}}
    return found if call.kind.custom else {**found, **_zero(call.kind.schema(call.version))}


@functools.cache
def _zero(schema: Schema) -> Document:
    """What Go writes of an empty object; not to be changed."""
    return decode(schema, {})[0]


def _cap(managers: Managers) -> None:
    """Keep the number of updaters bounded by merging the oldest of the same version."""
    updaters = sorted((k for k in managers if k.operation == UPDATE), key=lambda k: (managers[k].time, k))
    first: dict[str, ManagerKey] = {}
    count = len(updaters)
    for key in updaters:
        if count <= _MOST_UPDATES:
            return
        version = managers[key].api_version
        if version not in first:
            first[version] = key
            continue
        bucket = ManagerKey(_ANCIENT, UPDATE, version, "")
        if bucket not in managers:
            managers[bucket] = managers.pop(first[version])
        owned = managers.pop(key)
        managers[bucket].fields |= owned.fields
        managers[bucket].time = owned.time
        count -= 1
