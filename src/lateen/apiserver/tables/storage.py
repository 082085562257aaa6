# SPDX-License-Identifier: Apache-2.0
"""The tables of volumes, claims and storage classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lateen.apiserver.registry.kind import Column, Document, Table
from lateen.apiserver.tables.columns import AGE, NAME, age_of, name_of

_UNSET = "<unset>"
_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_SHARED = (Column("StorageClass"), Column("VolumeAttributesClass"))


def _modes(given: Any) -> str:
    return ",".join(short for mode, short in _MODES.items() if mode in (given or ()))


def _phase(document: Document) -> str:
    if document["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return str((document.get("status") or {}).get("phase", ""))


def _claim(document: Document, now: datetime) -> list[Any]:
    spec, status = document.get("spec") or {}, document.get("status") or {}
    bound = bool(spec.get("volumeName"))
    return [
        name_of(document),
        _phase(document),
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", "0") if bound else "",
        _modes(status.get("accessModes")) if bound else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName", _UNSET),
        age_of(document, now),
        spec.get("volumeMode", _UNSET),
    ]


CLAIM = Table(
    (
        NAME,
        Column("Status"),
        Column("Volume"),
        Column("Capacity"),
        Column("Access Modes"),
        *_SHARED,
        AGE,
        Column("VolumeMode", priority=1),
    ),
    _claim,
)


def _volume(document: Document, now: datetime) -> list[Any]:
    spec = document.get("spec") or {}
    claim = spec.get("claimRef")
    return [
        name_of(document),
        (spec.get("capacity") or {}).get("storage", "0"),
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        _phase(document),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName", _UNSET),
        (document.get("status") or {}).get("reason", ""),
        age_of(document, now),
        spec.get("volumeMode", _UNSET),
    ]


VOLUME = Table(
    (
        NAME,
        Column("Capacity"),
        Column("Access Modes"),
        Column("Reclaim Policy"),
        Column("Status"),
        Column("Claim"),
        *_SHARED,
        Column("Reason"),
        AGE,
        Column("VolumeMode", priority=1),
    ),
    _volume,
)


def _class(document: Document, now: datetime) -> list[Any]:
    chosen = (document["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
    return [
        name_of(document) + (" (default)" if chosen else ""),
        document.get("provisioner", ""),
        document.get("reclaimPolicy", "Delete"),
        document.get("volumeBindingMode", "Immediate"),
        bool(document.get("allowVolumeExpansion")),
        age_of(document, now),
    ]


CLASS = Table(
    (
        NAME,
        Column("Provisioner"),
        Column("ReclaimPolicy"),
        Column("VolumeBindingMode"),
        Column("AllowVolumeExpansion"),
        AGE,
    ),
    _class,
)
