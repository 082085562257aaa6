# SPDX-License-Identifier: Apache-2.0
"""`Kind`: what the server knows of one kind of object, built in or installed by a CustomResourceDefinition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lateen.apiserver.schema.node import ANY, Schema
from lateen.apiserver.status import Cause

Document = dict[str, Any]

EVERY_VERB = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
UPDATE_VERBS = ("get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a Table. `priority` 1 shows only with `-o wide`; `type` and `format` are OpenAPI's."""

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


Cells = Callable[[Document, datetime], list[Any]]
"""The cells of one object's row, given the object and the time of the request."""


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[Column, ...]
    cells: Cells


@dataclass(frozen=True, slots=True)
class Subresource:
    """A path below an object. `group`, `version` and `kind` are those of what is exchanged there."""

    name: str
    kind: str
    verbs: tuple[str, ...] = UPDATE_VERBS
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a kind keeps what the scale subresource shows (dotted paths from the object)."""

    replicas: str = "spec.replicas"
    status_replicas: str = "status.replicas"
    selector: str = ""
    """Path of a selector string; empty: `spec.selector` is a label selector object."""


def _nothing(document: Document) -> None:
    pass


def _nothing_changes(new: Document, old: Document) -> None:
    pass


def _silence(document: Document) -> list[str]:
    return []


def _valid(document: Document) -> list[Cause]:
    return []


def _valid_change(new: Document, old: Document) -> list[Cause]:
    return []


@dataclass(frozen=True, slots=True)
class Strategy:
    """What is particular to writing a kind. Every function works on whole documents and changes them in place.

    `default` runs after decoding on every write; `prepare` on creation, `prepare_update` when an object is replaced;
    `validate` and `validate_update` give findings. `generation` counts changes of anything but metadata and status.
    """

    default: Callable[[Document], None] = _nothing
    prepare: Callable[[Document], None] = _nothing
    prepare_update: Callable[[Document, Document], None] = _nothing_changes
    validate: Callable[[Document], list[Cause]] = _valid
    validate_update: Callable[[Document, Document], list[Cause]] = _valid_change
    warnings: Callable[[Document], list[str]] = _silence
    """What to say of a valid object whose user may not have meant it so."""
    name_rule: str = "subdomain"
    """`subdomain`, `label` (DNS label), `label-1035`, `path` (RBAC) or `custom`."""
    generation: bool = False
    annotations_count: bool = False
    """A change of annotations makes a new generation, too (Deployments)."""
    create_on_update: bool = False
    unconditional_update: bool = True
    returns_deleted: bool = False
    deletion_finalizers: tuple[str, ...] = ()
    """Finalizers an object gets when its deletion begins."""
    graceful: bool = False
    """Deletion waits for whoever runs the object (pods)."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`versions` are served, the preferred one first; objects are kept once and only `apiVersion` differs between
    them.
    """

    group: str
    versions: tuple[str, ...]
    kind: str
    plural: str
    singular: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = EVERY_VERB
    subresources: tuple[Subresource, ...] = ()
    scale: Scale | None = None
    custom: bool = False
    """A custom resource: merge patches only, type errors are 422, items of a list carry their type."""
    schema: Callable[[str], Schema] = field(default=lambda version: ANY, repr=False)
    table: Callable[[str], Table] = field(repr=False)
    strategy: Strategy = field(default=Strategy(), repr=False)
    definition: Callable[[str], Document | None] = field(default=lambda version: None, repr=False)
    """The OpenAPI schema of a custom kind in one version, as its definition gives it."""
    shares: str = ""
    """The resource under which objects are kept, when another group shows the same objects (events)."""
    list_kind: str = ""
    inert: bool = False
    """Nothing in the cluster acts on objects of this kind."""
    warnings: dict[str, str] = field(default_factory=dict, repr=False)
    """Version -> what to warn of when it is used."""

    @property
    def resource(self) -> str:
        """The name under which the store keeps objects: `deployments.apps`."""
        return self.shares or (f"{self.plural}.{self.group}" if self.group else self.plural)

    @property
    def list_name(self) -> str:
        return self.list_kind or f"{self.kind}List"

    def api_version(self, version: str) -> str:
        return f"{self.group}/{version}" if self.group else version

    def subresource(self, name: str) -> Subresource | None:
        return next((s for s in self.subresources if s.name == name), None)

    @property
    def has_status(self) -> bool:
        return self.subresource("status") is not None
