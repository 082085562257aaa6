# SPDX-License-Identifier: Apache-2.0
"""The tables of role bindings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lateen.apiserver.registry.kind import Column, Document, Table
from lateen.apiserver.tables.columns import AGE, NAME, age_of, name_of


def _binding(document: Document, now: datetime) -> list[Any]:
    subjects = document.get("subjects") or ()
    role = document.get("roleRef") or {}

    def named(kind: str) -> str:
        found = (s for s in subjects if s.get("kind") == kind)
        if kind == "ServiceAccount":
            return ", ".join(f"{s.get('namespace', '')}/{s['name']}" for s in found)
        return ", ".join(s["name"] for s in found)

    shown = f"{role.get('kind', '')}/{role.get('name', '')}"
    return [name_of(document), shown, age_of(document, now), named("User"), named("Group"), named("ServiceAccount")]


BINDING = Table(
    (
        NAME,
        Column("Role"),
        AGE,
        Column("Users", priority=1),
        Column("Groups", priority=1),
        Column("ServiceAccounts", priority=1),
    ),
    _binding,
)
