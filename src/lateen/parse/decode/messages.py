# SPDX-License-Identifier: Apache-2.0
"""Messages from plain data: a decoder per message class, made once from the annotations of its fields."""

import difflib
import enum
import functools
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec

from lateen.model.diagnostic import Severity
from lateen.model.duration import Duration
from lateen.model.message import FrozenList, FrozenMap, Message
from lateen.model.resource import Resource
from lateen.model.schema import Items, ListKeys, Number, Required, Rule, Text
from lateen.parse.decode import scalars
from lateen.parse.decode.context import Context, Path
from lateen.parse.decode.scalars import Invalid, wrong_type
from lateen.parse.text import scalar

Decode = Callable[[Any, Path, Context], Any]
"""A value, where it is, and who collects problems. Raises Invalid when the value as a whole is no good."""

_GUESSES: Final = 100
"""Problems of a document up to which a misspelt field is guessed at: guessing is slow."""
_DEFAULT_NUMBER: Final = Number("int64")


class Field(typing.NamedTuple):
    """One field of a message."""

    attribute: str
    name: str
    """Its name in the API."""
    decode: Decode
    required: bool


class Fields(typing.NamedTuple):
    """The fields of a message class."""

    by_key: dict[str, Field]
    """By each of the names that documents may use: camelCase and snake_case."""
    required: tuple[Field, ...]
    ignored: frozenset[str]
    """Keys that are known and play no part."""


@functools.cache
def fields_of(cls: type[Message]) -> Fields:
    """What the annotations of a class say."""
    hints = typing.get_type_hints(cls, include_extras=True)
    by_key: dict[str, Field] = {}
    for info in msgspec.structs.fields(cls):
        annotation = hints[info.name]
        field = Field(info.name, info.encode_name, _of_type(annotation, cls.OPEN), _is_required(annotation))
        by_key[info.encode_name] = field
        by_key.setdefault(info.name.rstrip("_"), field)
    required = tuple(dict.fromkeys(field for field in by_key.values() if field.required))
    known = {"status"} if issubclass(cls, Resource) and cls.TYPE.status else set()
    return Fields(by_key, required, frozenset(known))


def message(cls: type[Message], value: Any, path: Path, context: Context) -> Any:
    """The message that a mapping says. What is wrong with single fields is reported, and the field left out."""
    return cls(**fields(cls, value, path, context))


def fields(cls: type[Message], value: Any, path: Path, context: Context) -> dict[str, Any]:
    """The fields that a mapping has, by attribute name."""
    if not isinstance(value, Mapping):
        raise wrong_type("object", value)
    known = fields_of(cls)
    by_key = known.by_key
    present: dict[str, Any] = {}
    refused = False
    for key, content in value.items():
        field = by_key.get(key)
        if field is None:
            if not cls.OPEN and key not in known.ignored:
                _unknown(cls, key, path, context)
            continue
        if content is None:
            continue
        if field.attribute in present:
            twice = f'"{field.name}" is there in two spellings'
            context.report((path, key), "duplicate-key", twice, "keep one of them")
            continue
        try:
            present[field.attribute] = field.decode(content, (path, key), context)
        except Invalid as problem:
            refused = True
            context.report((path, key), problem.code, str(problem), problem.hint)
    if not refused:
        _check_together(cls, known, present, path, context)
    return present


def _check_together(cls: type[Message], known: Fields, present: dict[str, Any], path: Path, context: Context) -> None:
    """What the schema says of the fields of a message together."""
    for field in known.required:
        if field.attribute not in present:
            context.report((path, field.name), "required", "Required value", f"add {field.name}")
    for group in cls.ONEOFS:
        found = [attribute for attribute in group if attribute in present]
        if len(found) > 1:
            names = ", ".join(known.by_key[attribute].name for attribute in found)
            context.report(path, "oneof", f"only one of {names} can be set", "keep one of them")
    for rule in cls.RULES:
        if not rule.holds(present):
            context.report(path, "rule", rule.message)


def _unknown(cls: type[Message], key: str, path: Path, context: Context) -> None:
    is_worth_a_guess = len(key) < 64 and len(context.problems) < _GUESSES
    close = difflib.get_close_matches(key, fields_of(cls).by_key, 1, 0.6) if is_worth_a_guess else []
    hint = f"did you mean {close[0]}?" if close else "remove it, or check its spelling and indentation"
    if "\u00a0" in key:
        hint = "indent with ordinary spaces: these do not break, and YAML takes them for text"
    context.report(
        (path, key),
        "unknown-field",
        f'unknown field "{key}"',
        hint,
        Severity.WARNING if context.loose else Severity.ERROR,
    )


def _is_required(annotation: Any) -> bool:
    return any(isinstance(part, Required) for part in getattr(annotation, "__metadata__", ()))


def _of_type(annotation: Any, is_kubernetes: bool) -> Decode:
    """The decoder of an annotation; in Kubernetes' own messages texts may be read loosely."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return _annotated(inner, metadata, is_kubernetes)
    return _annotated(annotation, [], is_kubernetes)


def _annotated(annotation: Any, metadata: list[Any], is_kubernetes: bool) -> Decode:
    arguments = get_args(annotation)
    if get_origin(annotation) in (typing.Union, types.UnionType):
        members = [argument for argument in arguments if argument is not type(None)]
        if set(members) == {int, str}:
            return _scalar(scalars.int_or_string)
        inner = members[0]
        if get_origin(inner) is Annotated:
            inner, *more = get_args(inner)
            metadata = [*more, *metadata]
        return _annotated(inner, metadata, is_kubernetes)
    number = next((part for part in metadata if isinstance(part, Number)), _DEFAULT_NUMBER)
    decode = _plain(annotation, number, is_kubernetes)
    checks = [check for part in metadata if (check := _check_of(part, annotation)) is not None]
    return _checked(decode, tuple(checks)) if checks else decode


def _check_of(part: Any, annotation: Any) -> scalars.Check | None:
    """The check that a part of an annotation asks for."""
    match part:
        case Text():
            return scalars.text_bounds(part)
        case Number() if part.minimum is not None or part.maximum is not None:
            return scalars.number_bounds(part)
        case Items():
            return scalars.size_bounds(part, "items" if get_origin(annotation) is tuple else "properties")
        case ListKeys():
            return scalars.distinct(part)
        case Rule():
            return lambda value: None if part.holds(value) else Invalid("rule", part.message)
        case _:
            return None


def _plain(annotation: Any, number: Number, is_kubernetes: bool) -> Decode:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Duration:
        return _scalar(scalars.duration)
    if origin is tuple:
        return _sequence(_of_type(arguments[0], is_kubernetes))
    if origin is dict:
        return _json if arguments[1] is Any else _mapping(arguments[0], _of_type(arguments[1], is_kubernetes))
    if annotation is bool:
        return _scalar(scalars.boolean)
    if annotation is int:
        return _scalar(scalars.integer(number))
    if annotation is float:
        return _scalar(scalars.double)
    if annotation is bytes:
        return _scalar(scalars.data)
    if annotation is str:
        return _text if is_kubernetes else _scalar(scalars.string)
    if issubclass(annotation, enum.Enum):
        return _scalar(scalars.enumeration(annotation))
    if issubclass(annotation, Message):
        return functools.partial(message, annotation)
    raise TypeError(f"the model uses a type that cannot be decoded: {annotation}")


def _scalar(decode: scalars.Decode) -> Decode:
    def ignoring_place(value: Any, _path: Path, _context: Context) -> Any:
        return decode(value)

    return ignoring_place


def _text(value: Any, path: Path, context: Context) -> str:
    """A text of Kubernetes. Istio takes numbers and truth values in files for the text that Go writes for them."""
    if type(value) is str:
        return value
    written = scalar.key(value) if context.loose and isinstance(value, bool | int | float) else None
    if written is None:
        return scalars.string(value)
    message = f'must be text, and is taken for "{written}"'
    context.report(path, "not-text", message, "put it in quotes", Severity.WARNING)
    return written


def _checked(decode: Decode, checks: tuple[scalars.Check, ...]) -> Decode:
    def checked(value: Any, path: Path, context: Context) -> Any:
        decoded = decode(value, path, context)
        for check in checks:
            problem = check(decoded)
            if problem is not None:
                context.report(path, problem.code, str(problem), problem.hint)
        return decoded

    return checked


def _sequence(decode: Decode) -> Decode:
    def sequence(value: Any, path: Path, context: Context) -> Any:
        if not isinstance(value, list | tuple):
            raise wrong_type("array", value, "write it as a list: - …")
        decoded = []
        for index, item in enumerate(value):
            place = (path, index)
            try:
                decoded.append(decode(item, place, context))
            except Invalid as problem:
                context.report(place, problem.code, str(problem), problem.hint)
        return tuple(decoded)

    return sequence


def _mapping(key_type: type, decode: Decode) -> Decode:
    key_of = scalars.integer(Number("uint32")) if key_type is int else None

    def mapping(value: Any, path: Path, context: Context) -> Any:
        if not isinstance(value, Mapping):
            raise wrong_type("object", value)
        decoded = {}
        for key, content in value.items():
            place = (path, key)
            try:
                name = key_of(key) if key_of else key
                decoded[name] = decode(content, place, context)
            except Invalid as problem:
                context.report(place, problem.code, str(problem), problem.hint)
        return FrozenMap(decoded)

    return mapping


def _json(value: Any, path: Path, context: Context) -> Any:
    if not isinstance(value, Mapping):
        raise wrong_type("object", value)
    return frozen(value)


def frozen(value: Any) -> Any:
    """Free-form JSON as immutable data."""
    if isinstance(value, Mapping):
        return FrozenMap({key: frozen(content) for key, content in value.items()})
    if isinstance(value, list | tuple):
        return FrozenList(frozen(item) for item in value)
    return value
