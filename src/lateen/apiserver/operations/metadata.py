# SPDX-License-Identifier: Apache-2.0
"""What the server, not the client, decides about an object's metadata."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry.kind import Document, Kind, Strategy
from lateen.apiserver.schema import times
from lateen.apiserver.status import Cause, bad_request, conflict, invalid_value, required
from lateen.apiserver.store.revision import Key
from lateen.apiserver.strategy import names

_SYSTEM = ("resourceVersion", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
_NAME_LIMIT = 253 - 5


def begin(cluster: Cluster, call: Call, document: Document) -> None:
    """Metadata of a new object: identity, time, generated name. Raises ApiError."""
    kind, metadata = call.kind, document["metadata"]
    place(call, document)
    for name in _SYSTEM:
        metadata.pop(name, None)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"][:_NAME_LIMIT] + cluster.new_suffix()
    metadata["uid"] = cluster.new_uid()
    metadata["creationTimestamp"] = times.time(cluster.now())
    metadata.pop("generation", None)
    if kind.strategy.generation:
        metadata["generation"] = 1


def place(call: Call, document: Document) -> None:
    """The namespace of a document must be that of the request. Raises ApiError."""
    metadata = document["metadata"]
    if not call.kind.namespaced:
        if metadata.pop("namespace", None):
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        return
    if metadata.setdefault("namespace", call.namespace) != call.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def causes(kind: Kind, document: Document) -> list[Cause]:
    """Findings in the metadata of any object."""
    metadata = document["metadata"]
    name, generate = metadata.get("name", ""), metadata.get("generateName", "")
    found: list[Cause] = []
    if not name:
        found.append(required("metadata.name", "name or generateName is required"))
    else:
        rule = names.RULES[kind.strategy.name_rule]
        found += [invalid_value("metadata.name", name, text) for text in rule(name)]
        if generate and rule(generate.rstrip("-.") or "-"):
            found += [invalid_value("metadata.generateName", generate, text) for text in rule(generate.rstrip("-."))]
    found += names.label_causes(metadata.get("labels"), "metadata.labels")
    found += names.annotation_causes(metadata.get("annotations"), "metadata.annotations")
    for index, owner in enumerate(metadata.get("ownerReferences") or ()):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                found.append(invalid_value(f"metadata.ownerReferences[{index}].{field}", "", "must not be empty"))
    if sum(bool(o.get("controller")) for o in metadata.get("ownerReferences") or ()) > 1:
        found.append(
            invalid_value(
                "metadata.ownerReferences",
                metadata["ownerReferences"],
                "Only one reference can have Controller set to true",
            )
        )
    for finalizer in metadata.get("finalizers") or ():
        found += [invalid_value("metadata.finalizers", finalizer, text) for text in names.qualified(finalizer)]
        if "/" not in finalizer and finalizer not in _KNOWN_FINALIZERS:
            found.append(
                invalid_value(
                    "metadata.finalizers",
                    finalizer,
                    "name is neither a standard finalizer name nor is it fully qualified",
                )
            )
    return found


_KNOWN_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"


def carry(new: Document, old: Document) -> None:
    """What a replacement keeps of the object it replaces."""
    metadata, before = new["metadata"], old["metadata"]
    for name in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
        if name in before:
            metadata[name] = before[name]
        else:
            metadata.pop(name, None)
    metadata.pop("selfLink", None)
    if "generateName" in before:
        metadata.setdefault("generateName", before["generateName"])


def check_preconditions(kind: Kind, name: str, old: Document, given: Any) -> None:
    """`preconditions` of DeleteOptions: uid and resource version. Raises ApiError (409)."""
    if not isinstance(given, dict):
        return
    metadata = old["metadata"]
    for field, label in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        wanted, found = given.get(field), metadata.get(field)
        if wanted is not None and wanted != found:
            raise conflict(
                kind.plural,
                kind.group,
                name,
                f"Precondition failed: {label} in precondition: {wanted}, {label} in object meta: {found}",
            )


def is_new_generation(strategy: Strategy, new: Document, old: Document) -> bool:
    """Did anything change that `generation` counts: not metadata, not status?"""
    if strategy.annotations_count and new["metadata"].get("annotations") != old["metadata"].get("annotations"):
        return True
    ignored = ("metadata", "status", "apiVersion", "kind")
    if any(new.get(key) != old.get(key) for key in {*new, *old} if key not in ignored):
        return True
    return bool(new["metadata"].get("deletionTimestamp") != old["metadata"].get("deletionTimestamp"))


def key_of(kind: Kind, namespace: str, name: str) -> Key:
    return Key(kind.resource, namespace if kind.namespaced else "", name)


def strip_type(document: Document) -> Document:
    """The document as it is stored: without its type."""
    document.pop("apiVersion", None)
    document.pop("kind", None)
    return document
