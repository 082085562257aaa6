# SPDX-License-Identifier: Apache-2.0
"""A file's text to objects and Diagnostics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.ref import Ref
from lateen.model.resource import Resource
from lateen.parse import legacy, objects
from lateen.parse.text import json_document, yaml_document
from lateen.parse.text.problem import Problem
from lateen.parse.text.source import Source

LARGEST_FILE: Final = 64 * 1024 * 1024
"""Bytes of a file that are read."""
MOST_PROBLEMS: Final = 100
"""Problems of one document that are told one by one."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """An object, and where it comes from; the place takes no part in equality."""

    object: Resource
    source: Source = field(compare=False)


@dataclass(frozen=True, slots=True)
class ParseResult:
    """What a file holds."""

    objects: tuple[Parsed, ...] = ()
    """The sound objects, in the order of the file."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What is wrong, in the order of the file."""
    passed_over: tuple[Ref, ...] = ()
    """Objects of kinds that a mesh does not read, such as Deployments."""
    refused: tuple[Parsed, ...] = ()
    """Objects with an error, as far as they could be read: they do not take effect, but can be talked about."""


def documents(text: str | bytes, file: str, default_namespace: str = "default", strict: bool = False) -> ParseResult:
    """The objects of a file of YAML (any number of documents) or JSON (any number of values).

    Objects with an error are left out, and a Diagnostic says why. Namespaced objects without a namespace get
    `default_namespace`, as kubectl gives them the one of its context. `strict` refuses what an API server refuses and
    Istio itself overlooks in files: fields that the API does not have.
    """
    result = reading(file, default_namespace, strict)
    decoded = result.decode(text)
    if decoded is not None:
        for data, source, problems in plain_documents(decoded, file):
            result.add(data, source, problems)
        result.convert_legacy()
    return result.done()


def reading(file: str, default_namespace: str, strict: bool) -> Reading:
    """The beginning of a result."""
    return Reading(file, default_namespace, loose=not strict)


def from_mapping(
    data: Mapping[str, Any], default_namespace: str = "default", strict: bool = True
) -> tuple[Resource | None, tuple[Diagnostic, ...]]:
    """One object as an API server holds it; None when an error forbids it to take effect.

    `strict` makes an error of a field that the API does not have: right where a person writes. An object that is stored
    already, by an API server that may know more, is read with a warning.
    """
    found, problems = objects.read(data, default_namespace, not strict)
    ref = objects.identity(data, default_namespace)
    diagnostics = tuple(
        Diagnostic(
            severity=problem.severity,
            code=problem.code,
            message=problem.message,
            hint=problem.hint,
            ref=ref,
            field=problem.field,
        )
        for problem in _first(problems)
    )
    return (found if found is not None and not _has_error(problems) else None), diagnostics


def _has_error(problems: Iterable[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


def plain_documents(text: str, file: str) -> Iterator[tuple[Any, Source, list[Problem]]]:
    """The plain data of each document of a text, where it comes from, and what is wrong with its syntax."""
    if json_document.looks_like_json(text):
        values = json_document.read(text)
        if values is not None:
            for value in values:
                source = Source(file, value.line, value.text)
                if len(value.text) > yaml_document.LARGEST:
                    yield None, source, [_too_large()]
                else:
                    yield value.data, source, value.problems
            return
    for chunk in yaml_document.split(text):
        source = Source(file, chunk.line, chunk.text)
        if len(chunk.text) > yaml_document.LARGEST:
            yield None, source, [_too_large()]
            continue
        nodes, broken = yaml_document.compose(chunk.text)
        if broken is not None:
            yield None, source, [broken]
            continue
        for node in nodes:
            data, problems = yaml_document.construct(node)
            yield data, source, problems


def _too_large() -> Problem:
    limit = yaml_document.LARGEST // 1024 // 1024
    return Problem("too-large", f"the document is larger than {limit} MiB", "split it", line=1, column=1)


def _first(problems: list[Problem]) -> list[Problem]:
    """The first problems of a document; nobody reads a thousand of one kind."""
    if len(problems) <= MOST_PROBLEMS:
        return problems
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    rest = f"{len(problems) - MOST_PROBLEMS} more problems in this document"
    severity = Severity.ERROR if errors else Severity.WARNING
    return [*problems[:MOST_PROBLEMS], Problem("more", rest, "mend those first", severity=severity)]


class Reading:
    """A result in the making."""

    def __init__(self, file: str, default_namespace: str, loose: bool) -> None:
        self.file = file
        self.loose = loose
        self.default_namespace = default_namespace
        self.objects: list[Parsed] = []
        self.legacy: list[tuple[legacy.Legacy, Source]] = []
        self.diagnostics: list[Diagnostic] = []
        self.passed_over: list[Ref] = []
        self.refused: list[Parsed] = []

    def done(self) -> ParseResult:
        return ParseResult(tuple(self.objects), tuple(self.diagnostics), tuple(self.passed_over), tuple(self.refused))

    def decode(self, text: str | bytes) -> str | None:
        """The text, unless it is too large or none at all."""
        if len(text) > LARGEST_FILE:
            self._refuse("too-large", f"the file is larger than {LARGEST_FILE // 1024 // 1024} MiB", "split it")
            return None
        if isinstance(text, bytes):
            raw = text
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                line = raw.count(b"\n", 0, error.start) + 1
                self._refuse("encoding", f"the file is not UTF-8: {error.reason}", "save it as UTF-8", line)
                return None
        return text.removeprefix("\ufeff").replace("\r\n", "\n")

    def _refuse(self, code: str, message: str, hint: str, line: int = 1) -> None:
        self.diagnostics.append(
            Diagnostic(
                severity=Severity.ERROR, code=code, message=message, hint=hint, file=self.file, line=line, column=1
            )
        )

    def add(self, data: Any, source: Source, broken: list[Problem]) -> None:
        """Read the objects of a document, of whose text `broken` is known."""
        if data is None:
            self.add_problems(broken, source)
            return
        items = objects.items(data)
        if items is not None:
            for index, item in enumerate(items):
                place = source.item(f"{source.prefix}{'.' if source.prefix else ''}items[{index}]")
                self.add(item, place, broken if index == 0 else [])
            return
        if isinstance(data, Mapping) and objects.is_passed_over(data):
            ref = objects.identity(data, self.default_namespace)
            if ref is not None:
                self.passed_over.append(ref)
            self.add_problems(broken, source, ref)
            return
        if legacy.is_legacy(data) and not _has_error(broken):
            self.legacy.append((self.legacy_document(data), source))
            return
        found, problems = objects.read(data, self.default_namespace, self.loose)
        problems = [*broken, *problems]
        if problems:
            ref = objects.identity(data, self.default_namespace) if isinstance(data, Mapping) else None
            self.add_problems(problems, source, ref)
        self._keep(found, problems, source)

    def _keep(self, found: Resource | None, problems: list[Problem], source: Source) -> None:
        if found is not None:
            (self.refused if _has_error(problems) else self.objects).append(Parsed(found, source))

    def identity(self, data: Mapping[str, Any]) -> Ref | None:
        """Which object the data is."""
        return objects.identity(data, self.default_namespace)

    def legacy_document(self, data: Mapping[str, Any]) -> legacy.Legacy:
        """A document of the old API with its namespace."""
        ref = self.identity(data)
        return legacy.Legacy(data, ref.namespace if ref is not None else self.default_namespace)

    def convert_legacy(self) -> None:
        """Read the objects of the old API, which only mean something together."""
        converted = legacy.convert([document for document, _ in self.legacy], self.loose)
        for (document, source), result in zip(self.legacy, converted, strict=True):
            self.add_problems(result.problems, source, objects.identity(document.data, document.namespace))
            if _has_error(result.problems):
                continue
            for modern in result.modern:
                found, problems = objects.read(modern, document.namespace, self.loose)
                self.add_problems(problems, source, objects.identity(modern, document.namespace))
                self._keep(found, problems, source)

    def add_problems(self, problems: list[Problem], source: Source, ref: Ref | None = None) -> None:
        """Tie problems to their places."""
        if not problems:
            return
        problems = _first(problems)
        placed = source.positions([problem.field for problem in problems])
        for problem, (line, column) in zip(problems, placed, strict=True):
            if problem.line:
                line, column = source.line + problem.line - 1, problem.column
            self.diagnostics.append(
                Diagnostic(
                    severity=problem.severity,
                    code=problem.code,
                    message=problem.message,
                    hint=problem.hint,
                    ref=ref,
                    file=self.file,
                    line=line,
                    column=column,
                    field=problem.field,
                )
            )
