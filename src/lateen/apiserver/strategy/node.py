# SPDX-License-Identifier: Apache-2.0
"""Nodes."""

from __future__ import annotations

from lateen.apiserver.registry.kind import Document, Strategy


def _default(document: Document) -> None:
    spec = document.setdefault("spec", {})
    if spec.get("podCIDR"):
        spec.setdefault("podCIDRs", [spec["podCIDR"]])


def _prepare_update(new: Document, old: Document) -> None:
    new["status"] = old.get("status", {})


STRATEGY = Strategy(default=_default, prepare_update=_prepare_update)
