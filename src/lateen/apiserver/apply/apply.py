# SPDX-License-Identifier: Apache-2.0
"""Server-side apply: merge a configuration into the live object, prune what its manager no longer says, find
conflicts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from lateen.apiserver.apply import checking, field_sets, managers, merging, paths, structure
from lateen.apiserver.apply.managers import APPLY, ManagerKey, Managers, Owned
from lateen.apiserver.apply.paths import Path
from lateen.apiserver.operations.call import Call
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.schema import times
from lateen.apiserver.schema.node import Schema
from lateen.apiserver.status import ApiError

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_BEFORE_FIRST = "before-first-apply"

Conflicts = list[tuple[ManagerKey, Path]]


class ConflictError(Exception):
    """Others own fields the configuration would change."""

    def __init__(self, conflicts: Conflicts) -> None:
        super().__init__()
        self.conflicts = conflicts


def apply(call: Call, now: datetime, live: Document | None, config: Document, *, force: bool) -> Document:
    """The object as it shall be, `managedFields` included; `live` is None when there is none yet.

    Raises ApiError (409 with its causes, 500 for a configuration that does not fit its type).
    """
    schema = call.kind.schema(call.version)
    problems = checking.check(schema, {k: v for k, v in config.items() if k not in ("apiVersion", "kind")})
    if problems:
        place = f"{call.namespace}/{call.name}; {call.api_version}, Kind={call.kind.kind}"
        shown = problems[0] if len(problems) == 1 else "errors:\n" + "\n".join(f"  {text}" for text in problems)
        raise ApiError(500, "", f"failed to create typed patch object ({place}): {shown}")
    try:
        try:
            new, owners = _apply(call, now, schema, live, config, force=force)
        except ConflictError as conflict:
            left = _not_own(call, schema, live, conflict.conflicts)
            if left:
                raise _refusal(left) from None
            new, owners = _apply(call, now, schema, live, config, force=True)
    except structure.TypedError as error:
        raise ApiError(500, "", f"failed to apply: {error}") from None
    _keep_last_applied(call, new, config)
    new["metadata"]["managedFields"] = managers.write(owners)
    return new


def _apply(
    call: Call, now: datetime, schema: Schema, live: Document | None, config: Document, *, force: bool
) -> tuple[Document, Managers]:
    owners = managers.read((live or {}).get("metadata", {}).get("managedFields"))
    current = _without_managed(live) if live is not None else managers.nothing(call)
    if live is not None and not owners:
        managers.take(call, now, owners, current, None, name=_BEFORE_FIRST)
    merged = merging.merge(schema, current, config)
    key = ManagerKey(call.query["fieldManager"], APPLY, "", call.subresource)
    last = owners.get(key)
    owned = {p for p in field_sets.field_set(schema, config) if not _below(p, managers.ignored(call))}
    mine = owners[key] = Owned(owned, call.api_version, last.time if last else "")
    if last is not None and last.fields:
        merged = _prune(schema, merged, owners, last.fields)
    merged.setdefault("metadata", {})
    found = field_sets.compare(schema, current, merged).without(managers.ignored(call))
    changed = found.added | found.modified
    conflicts: Conflicts = [
        (other, path) for other, theirs in owners.items() if other != key for path in sorted(theirs.fields & changed)
    ]
    if conflicts and not force:
        raise ConflictError(conflicts)
    managers.release(owners, changed | found.removed, keep=key)
    mine.fields -= managers.UNOWNED
    if merged != current:
        mine.time = times.time(now)
    if not mine.fields:
        del owners[key]
    return merged, owners


def _below(path: Path, prefixes: tuple[Path, ...]) -> bool:
    return any(path[: len(prefix)] == prefix for prefix in prefixes)


def _prune(schema: Schema, merged: Document, owners: Managers, last: set[Path]) -> Document:
    """Remove what this manager applied last time, no longer applies, and nobody else owns."""
    named = field_sets.with_named_parents
    pruned = merging.remove(schema, merged, named(schema, last)) or {}
    everyone: set[Path] = set().union(*(owned.fields for owned in owners.values()))
    merged_set = named(schema, field_sets.field_set(schema, merged))
    pruned_set = named(schema, field_sets.field_set(schema, pruned))
    pruned = merging.remove(schema, merged, merged_set - (pruned_set | named(schema, everyone))) or {}
    pruned_set = named(schema, field_sets.field_set(schema, pruned))
    result: Document = merging.remove(schema, merged, (merged_set - pruned_set) & named(schema, last)) or {}
    return result


def _without_managed(document: Document) -> Document:
    metadata = {k: v for k, v in document["metadata"].items() if k != "managedFields"}
    return {**document, "metadata": metadata}


def _not_own(call: Call, schema: Schema, live: Document | None, conflicts: Conflicts) -> Conflicts:
    """The conflicts that remain when kubectl takes over what it applied on the client side before."""
    if call.query["fieldManager"] != "kubectl" or live is None:
        return conflicts
    text = (live["metadata"].get("annotations") or {}).get(_LAST_APPLIED)
    try:
        applied: Any = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return conflicts
    if not isinstance(applied, dict) or applied.get("apiVersion") != call.api_version:
        return conflicts
    own = field_sets.field_set(schema, applied)
    found = field_sets.compare(schema, applied, _without_managed(live))
    own -= found.added | found.modified | found.removed
    return [(manager, path) for manager, path in conflicts if path not in own]


def _keep_last_applied(call: Call, new: Document, config: Document) -> None:
    """The annotation of client-side apply follows what kubectl applies on the server."""
    annotations = new["metadata"].get("annotations") or {}
    if call.query["fieldManager"] != "kubectl" or not annotations.get(_LAST_APPLIED):
        return
    shown = {**config, "metadata": dict(config.get("metadata") or {})}
    kept = {k: v for k, v in (shown["metadata"].get("annotations") or {}).items() if k != _LAST_APPLIED}
    if kept:
        shown["metadata"]["annotations"] = kept
    else:
        shown["metadata"].pop("annotations", None)
    text = orjson.dumps(shown, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    new["metadata"]["annotations"] = {**annotations, _LAST_APPLIED: text}


def _refusal(conflicts: Conflicts) -> ApiError:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager.shown()}", "field": paths.text(path)}
        for manager, path in conflicts
    ]
    if len(conflicts) == 1:
        manager, path = conflicts[0]
        message = f"Apply failed with 1 conflict: conflict with {manager.shown()}: {paths.text(path)}"
    else:
        message = f"Apply failed with {len(conflicts)} conflicts: {_grouped(conflicts)}"
    return ApiError(409, "Conflict", message, {"causes": causes})


def _grouped(conflicts: Iterable[tuple[ManagerKey, Path]]) -> str:
    groups: dict[str, list[str]] = {}
    for manager, path in conflicts:
        groups.setdefault(manager.shown(), []).append(paths.text(path))
    lines: list[str] = []
    for manager_text in sorted(groups):
        lines.append(f"conflicts with {manager_text}:")
        lines += [f"- {text}" for text in groups[manager_text]]
    return "\n".join(lines)
