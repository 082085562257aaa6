# SPDX-License-Identifier: Apache-2.0
"""Istio's kinds are checked as its validating webhook checks them, and refused in the webhook's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry.istio import LEGACY_GROUP
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.status import ApiError, Cause, invalid

_DENIED = 'admission webhook "validation.istio.io" denied the request: configuration is invalid: '


@dataclass(frozen=True, slots=True)
class AdmissionResult:
    """`rules` are broken rules of the schema (field, message), `errors` what the webhook refuses, `warnings` what it
    says.
    """

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    rules: tuple[tuple[str, str], ...] = ()


Admission = Callable[[Document], AdmissionResult]


class IstioValidation:
    """An admission step that asks `check` about every object of Istio's kinds."""

    def __init__(self, check: Admission) -> None:
        self._check = check

    def __call__(self, cluster: Cluster, call: Call, new: Document | None, old: Document | None) -> None:
        if new is None or not call.kind.group.endswith(".istio.io") or call.subresource:
            return
        if not cluster.catalogue.is_builtin(call.kind):
            return
        found = self._check(new)
        if found.rules:
            causes = [
                Cause("FieldValueInvalid", f'Invalid value: "{_type_at(new, field)}": {text}', field)
                for field, text in found.rules
            ]
            raise invalid(call.kind.group, call.kind.kind, call.name, causes)
        call.warnings += found.warnings
        if found.errors:
            raise ApiError(400, "", _DENIED + _listed(found.errors))


def _listed(errors: tuple[str, ...]) -> str:
    """Several errors the way Go's multierror prints them."""
    if len(errors) == 1:
        return errors[0]
    return f"{len(errors)} errors occurred:\n" + "".join(f"\t* {text}\n" for text in errors) + "\n"


def _type_at(document: Document, field: str) -> str:
    """The OpenAPI type of the value at a path such as `spec.http[0].route`."""
    value: object = document
    for step in field.replace("]", "").replace("[", ".").split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "object")


_SCHEMA_CODES = frozenset(
    (
        "unknown-field",
        "required",
        "too-short",
        "too-long",
        "too-few",
        "too-many",
        "out-of-range",
        "pattern",
        "duplicate",
    )
)
"""Findings that the schema has made already."""


def check(document: Document) -> AdmissionResult:
    """What `lateen.parse` says of a document."""
    from lateen.model.diagnostic import Severity
    from lateen.parse import from_mapping, legacy

    made = _SCHEMA_CODES
    if document["apiVersion"].startswith(LEGACY_GROUP + "/"):
        # There is no schema for these, so nothing has been said yet.
        made = frozenset()
        given = legacy.Legacy(document, document["metadata"].get("namespace", ""))
        found = [(p.severity, p.code, p.field, p.message) for p in legacy.convert([given], False)[0].problems]
    else:
        _, diagnostics = from_mapping(document)
        found = [(d.severity, d.code, d.field, d.message) for d in diagnostics]
    errors = [entry for entry in found if entry[0] is Severity.ERROR and entry[1] not in made]
    return AdmissionResult(
        tuple(_said(field, text) for _, code, field, text in errors if code != "rule"),
        tuple(_said(field, text) for severity, _, field, text in found if severity is Severity.WARNING),
        tuple((field, text) for _, code, field, text in errors if code == "rule"),
    )


def _said(field: str, text: str) -> str:
    return f"{field}: {text}" if field and field not in text else text
