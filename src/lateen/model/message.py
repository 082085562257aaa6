# SPDX-License-Identifier: Apache-2.0
"""The base of every message of the API, and the immutable map their fields use."""

from typing import Any, ClassVar, NoReturn, TypeVar

import msgspec

from lateen.model.schema import Rule

K = TypeVar("K")
V = TypeVar("V")


class Message(
    msgspec.Struct,
    frozen=True,
    rename="camel",
    omit_defaults=True,
    cache_hash=True,
    gc=False,
):
    """One message of the API: immutable, compared by value, hashable.

    Attributes are the snake_case field names of the API; construct messages by keyword. Absent message fields and
    absent members of a oneof are `None`, so that `tls: {}` differs from no `tls`. Scalars have the default of the API.
    """

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Groups of attributes of which at most one may be set."""

    RULES: ClassVar[tuple[Rule, ...]] = ()
    """Rules of the schema about several fields."""

    SNAKE_CASE_TOO: ClassVar[tuple[str, ...]] = ()
    """Fields whose snake_case spelling the schema has besides; decoders take it for every field."""

    OPEN: ClassVar[bool] = False
    """Whether fields that the class does not name are accepted and dropped (Kubernetes' own kinds)."""


class FrozenMap(dict[K, V]):
    """A map that cannot be changed and can be hashed. An ordinary dict to everyone who only reads."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("maps of the model are immutable")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse


class FrozenList(list[V]):
    """A list inside of free-form JSON that cannot be changed and can be hashed."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self))

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("lists of the model are immutable")

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse
