# SPDX-License-Identifier: Apache-2.0
"""RoleBindings and ClusterRoleBindings: the role is fixed, subjects get their API group."""

from __future__ import annotations

from lateen.apiserver.registry.kind import Document, Strategy
from lateen.apiserver.status import Cause, go_value, required, unsupported

_GROUP = "rbac.authorization.k8s.io"
_KINDS = ("Group", "ServiceAccount", "User")


def _default(document: Document) -> None:
    reference = document.setdefault("roleRef", {})
    if not reference.get("apiGroup"):
        reference["apiGroup"] = _GROUP
    for subject in document.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", _GROUP)


def _validate(document: Document) -> list[Cause]:
    reference = document.get("roleRef") or {}
    found: list[Cause] = []
    if reference.get("kind") not in ("ClusterRole", "Role"):
        found.append(unsupported("roleRef.kind", reference.get("kind", ""), ("ClusterRole", "Role")))
    if not reference.get("name"):
        found.append(required("roleRef.name"))
    for index, subject in enumerate(document.get("subjects") or ()):
        if not subject.get("name"):
            found.append(required(f"subjects[{index}].name"))
        if subject.get("kind") not in _KINDS:
            found.append(unsupported(f"subjects[{index}].kind", subject.get("kind", ""), _KINDS))
    return found


def _validate_update(new: Document, old: Document) -> list[Cause]:
    if new.get("roleRef") == old.get("roleRef"):
        return []
    text = f"Invalid value: {go_value(new.get('roleRef'))}: cannot change roleRef"
    return [Cause("FieldValueInvalid", text, "roleRef")]


STRATEGY = Strategy(
    default=_default, validate=_validate, validate_update=_validate_update, name_rule="path", create_on_update=True
)
