# SPDX-License-Identifier: Apache-2.0
"""Namespaces: the `kubernetes` finalizer that a controller removes when everything inside is gone."""

from __future__ import annotations

from lateen.apiserver.registry.kind import Document, Strategy

FINALIZER = "kubernetes"


def _default(document: Document) -> None:
    metadata = document["metadata"]
    if metadata.get("name"):
        metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata["name"]
    document.setdefault("status", {}).setdefault("phase", "Active")


def _prepare(document: Document) -> None:
    document["status"] = {"phase": "Active"}
    finalizers = document.setdefault("spec", {}).setdefault("finalizers", [])
    if FINALIZER not in finalizers:
        finalizers.append(FINALIZER)


def _prepare_update(new: Document, old: Document) -> None:
    new["status"] = old.get("status", {})
    new["spec"] = old.get("spec", {})


STRATEGY = Strategy(
    default=_default, prepare=_prepare, prepare_update=_prepare_update, name_rule="label", returns_deleted=True
)
