# SPDX-License-Identifier: Apache-2.0
"""`Schema`: one node of a type, the common form of Kubernetes' own types and of custom resource definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Schema:
    """One node.

    `kind` is one of `object` (named fields), `map` (any keys, one type of value), `array`, `string`, `integer`,
    `number`, `boolean`, `bytes`, `quantity`, `int-or-string`, `time`, `microtime` and `any` (kept as it is).

    `list_type` and `list_keys` are `x-kubernetes-list-type` and `-map-keys`; `atomic` is true of a map or an object
    that server-side apply owns as a whole; `patch` and `merge_key` are the strategic merge patch's; `zero` says what
    Go's encoder does with an empty value (`""` leaves it out, `keep` writes it, `null` writes null, `pointer` writes it
    when it was given).
    """

    __slots__ = (
        "_fields",
        "_load",
        "_written",
        "atomic",
        "bits",
        "default",
        "inline",
        "items",
        "kind",
        "list_keys",
        "list_type",
        "merge_key",
        "name",
        "number",
        "patch",
        "preserve",
        "required",
        "rules",
        "zero",
    )

    def __init__(
        self,
        kind: str,
        *,
        name: str = "",
        fields: dict[str, Schema] | None = None,
        load: Callable[[], dict[str, Schema]] | None = None,
        items: Schema | None = None,
    ) -> None:
        self.kind = kind
        self.name = name
        """Name of the type in Go's error messages: `v1.PodSpec`."""
        self._fields = fields
        self._load = load
        self._written: list[tuple[str, Schema]] | None = None
        self.items = items
        self.bits = 64
        self.list_type = ""
        self.list_keys: tuple[str, ...] = ()
        self.atomic = False
        self.patch: tuple[str, ...] = ()
        self.merge_key = ""
        self.default: Any = None
        self.required = False
        self.zero = ""
        self.number = 0
        """Field number in protobuf; 0 when the field has none of its own."""
        self.inline: dict[int, Schema] = {}
        """Protobuf messages whose fields JSON holds in this object, by field number."""
        self.preserve = False
        self.rules: dict[str, Any] = {}
        """Value validations of a custom resource's OpenAPI schema (`minimum`, `enum`, `pattern` ...)."""

    @property
    def fields(self) -> dict[str, Schema]:
        """The named fields; built on first use, since types refer to one another."""
        if self._fields is None:
            self._fields = self._load() if self._load else {}
        return self._fields

    @property
    def written(self) -> list[tuple[str, Schema]]:
        """The fields Go writes even when they are empty."""
        if self._written is None:
            self._written = [(name, field) for name, field in self.fields.items() if field.zero in ("keep", "null")]
        return self._written

    def __repr__(self) -> str:
        return f"Schema({self.kind} {self.name})"


ANY = Schema("any")
ANY.preserve = True
"""The type of what nobody described."""
