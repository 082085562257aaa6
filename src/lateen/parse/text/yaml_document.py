# SPDX-License-Identifier: Apache-2.0
"""YAML to plain data: one document at a time, so that a broken one does not spoil its neighbours."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import yaml
from yaml._yaml import CParser
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from lateen.parse.text import scalar
from lateen.parse.text.problem import Problem

DEEPEST: Final = 100
"""Levels of nesting; the API has no field as deep."""
LARGEST: Final = 3 * 1024 * 1024
"""Characters of a document; an API server takes no larger request."""
_EXPANDED_AT_MOST: Final = 200_000
"""Values of a document with its aliases written out."""

_SEPARATOR: Final = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_EMPTY: Final = re.compile(r"(?:\s|#[^\n]*(?:\n|\Z)|---|\.\.\.)*")
_DIRECTIVES: Final = re.compile(r"(?:[ \t]*(?:[%#][^\n]*)?(?:\n|\Z))*")
_PREFIX: Final = "tag:yaml.org,2002:"


class Chunk(NamedTuple):
    """The text of one document and the line of its file (1-based) on which the text begins."""

    text: str
    line: int


def split(text: str) -> Iterator[Chunk]:
    """The documents of a stream, separated by lines that begin with `---`; empty ones are left out."""
    starts = [0, *(found.start() for found in _SEPARATOR.finditer(text))]
    line = 1
    held = ""
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        piece = text[start:end]
        if "%" in piece and _DIRECTIVES.fullmatch(piece):  # a directive belongs to the document after it
            held += piece
            continue
        whole = held + piece
        first, held = line, ""
        line += whole.count("\n")
        if not _EMPTY.fullmatch(whole):
            yield Chunk(whole, first)


class _Composer(CParser):
    """libyaml's parser, with the meaning of scalars left to `scalar`: a plain one gets the tag `?`."""

    def resolve(self, kind: type[Node], value: str | None, implicit: tuple[bool, bool]) -> str:
        return "?" if kind is ScalarNode and implicit[0] else ""

    def descend_resolver(self, parent: Node | None, index: Any) -> None:
        """Paths play no part in what a value means."""

    def ascend_resolver(self) -> None:
        """Paths play no part in what a value means."""


def compose(text: str) -> tuple[list[Node], Problem | None]:
    """The node trees of a chunk (one, but for documents ended by `...`), and what is wrong with its syntax."""
    nodes: list[Node] = []
    try:
        parser = _Composer(text)
        while parser.check_node():
            node = parser.get_node()
            if node is not None:
                nodes.append(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ": ".join(part for part in (error.context, error.problem) if part)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        return nodes, Problem("yaml", f"broken YAML: {what}", _syntax_hint(text, line), line=line, column=column)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return nodes, Problem("yaml", f"broken YAML: {error.reason}", "remove the character", line=line, column=1)
    except (UnboundLocalError, RecursionError, MemoryError):  # what the binding does at libyaml's limit of nesting
        return nodes, Problem("too-deep", "the document is nested too deeply", line=1, column=1)
    return nodes, None


def _syntax_hint(text: str, line: int) -> str:
    lines = text.split("\n")
    here = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return "indent with spaces; YAML allows no tabs there"
    if "\u00a0" in here:
        return "indent with ordinary spaces: these do not break, and YAML takes them for text"
    return "check the indentation, and put text with `: `, `#`, `*` or `{` in quotes"


class _UnreadableError(Exception):
    """The document cannot be read further."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def place(node: Node) -> tuple[int, int]:
    """Line and column of a node, 1-based within its chunk."""
    return node.start_mark.line + 1, node.start_mark.column + 1


def construct(root: Node) -> tuple[Any, list[Problem]]:
    """The plain data of a document: dict (keys in text), list, str, int, float, bool, None."""
    builder = _Builder()
    try:
        return builder.build(root, 0), builder.problems
    except _UnreadableError as refused:
        return None, [*builder.problems, refused.problem]


class _Builder:
    """Builds one document. Nodes under an alias are built once and shared; how large they would be is counted."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.shared: dict[int, tuple[Any, int]] = {}
        self.open: set[int] = set()
        self.size = 0

    def build(self, node: Node, depth: int) -> Any:
        if isinstance(node, ScalarNode):
            self.size += 1
            return self._scalar(node)
        known = self.shared.get(id(node))
        if known is not None:
            self._grow(known[1], node)
            return known[0]
        if id(node) in self.open:
            raise _UnreadableError(self._problem("alias", node, "an anchor contains itself", "write the value out"))
        if depth >= DEEPEST:
            raise _UnreadableError(self._problem("too-deep", node, f"nested deeper than {DEEPEST} levels"))
        self.open.add(id(node))
        before = self.size
        value: Any
        if isinstance(node, SequenceNode):
            value = [self.build(item, depth + 1) for item in node.value]
        elif isinstance(node, MappingNode):
            value = self._mapping(node, depth)
        else:
            raise TypeError(f"libyaml made an unknown node: {node}")
        self.open.discard(id(node))
        self._grow(1, node)
        self.shared[id(node)] = value, self.size - before
        return value

    def _grow(self, size: int, node: Node) -> None:
        self.size += size
        if self.size > _EXPANDED_AT_MOST:
            raise _UnreadableError(
                self._problem(
                    "too-large", node, "the document contains too many values", "split it, or use fewer aliases"
                )
            )

    def _mapping(self, node: MappingNode, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: list[Any] = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.problems.append(self._problem("key", key_node, "a key must be text", "put it in quotes"))
                continue
            if key_node.tag == "?" and key_node.value == "<<":
                merged.append(self._merged(value_node, depth))
                continue
            key = scalar.key(self._scalar(key_node))
            if key is None:
                self.problems.append(self._problem("key", key_node, "a key must not be empty", "put it in quotes"))
                continue
            if key in values:
                self.problems.append(
                    self._problem("duplicate-key", key_node, f'the key "{key}" is there twice', "keep one of them")
                )
                continue
            values[key] = self.build(value_node, depth + 1)
        for source in merged:
            for part in source:
                for key, value in part.items():
                    values.setdefault(key, value)
        return values

    def _merged(self, node: Node, depth: int) -> list[dict[str, Any]]:
        value = self.build(node, depth + 1)
        parts = value if isinstance(value, list) else [value]
        if all(isinstance(part, dict) for part in parts):
            return parts
        self.problems.append(self._problem("merge", node, "map merge requires map or sequence of maps as the value"))
        return []

    def _scalar(self, node: ScalarNode) -> scalar.Scalar:
        text: str = node.value
        if node.tag == "?":
            return scalar.plain(text)
        if node.tag == "":
            return text
        return self._tagged(node, text)

    def _tagged(self, node: ScalarNode, text: str) -> scalar.Scalar:
        if node.tag == f"{_PREFIX}binary":
            try:
                return base64.b64decode(text, validate=False).decode()
            except (binascii.Error, ValueError):
                self.problems.append(self._problem("yaml", node, "!!binary value contains invalid base64 data"))
                return ""
        value = scalar.plain(text)
        match node.tag.removeprefix(_PREFIX), value:
            case ("bool", bool()) | ("int", int()) | ("float", float()) | ("null", None):
                return value
            case ("float", int()):
                return float(value)
            case ("bool" | "int" | "float" | "null") as tag, _:
                self.problems.append(self._problem("yaml", node, f"cannot decode `{text}` as a !!{tag}"))
                return None
            case _:
                return text

    def _problem(self, code: str, node: Node, message: str, hint: str = "") -> Problem:
        line, column = place(node)
        return Problem(code, message, hint, line=line, column=column)
