# SPDX-License-Identifier: Apache-2.0
"""Where an object comes from: file, document, and on demand the line and column of each of its fields."""

import re
from typing import Final, NamedTuple

from yaml.nodes import MappingNode, Node, SequenceNode

from lateen.parse.text import field_path, yaml_document

_HUMP: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")


class Source:
    """The document of an object. Keeps the document's text, and composes it again when a position is asked for."""

    __slots__ = ("_text", "file", "line", "prefix")

    def __init__(self, file: str, line: int, text: str, prefix: str = "") -> None:
        self.file = file
        """Name of the file as it was given."""
        self.line = line
        """Line on which the document's text begins, 1-based."""
        self._text = text
        self.prefix = prefix
        """Path of the object in the document: `items[3]` in a List."""

    def item(self, prefix: str) -> "Source":
        """The same document, for an object inside of it."""
        return Source(self.file, self.line, self._text, prefix)

    def position(self, field: str) -> tuple[int, int]:
        """Line and column, 1-based, of a field or of what is there of the path to it."""
        return self.positions([field])[0]

    def positions(self, fields: list[str]) -> list[tuple[int, int]]:
        """As `position`, for several fields at the price of one."""
        nodes, _ = yaml_document.compose(self._text)
        if not nodes:
            return [(self.line, 1)] * len(fields)
        root = _walk(nodes[0], self.prefix) if self.prefix else _Place(nodes[0], nodes[0])
        return [self._absolute(_walk(root.value, field).start) for field in fields]

    def _absolute(self, node: Node) -> tuple[int, int]:
        line, column = yaml_document.place(node)
        return self.line + line - 1, column


class _Place(NamedTuple):
    """A value, and where it is said to be: at its key, if it has one."""

    start: Node
    value: Node


def _walk(node: Node, path: str) -> _Place:
    place = _Place(node, node)
    for step in field_path.split(path):
        below = _child(place.value, step)
        if below is None:
            break
        place = below
    return place


def _child(node: Node, step: field_path.Step) -> _Place | None:
    if isinstance(step, int):
        if not isinstance(node, SequenceNode) or step >= len(node.value):
            return None
        return _Place(node.value[step], node.value[step])
    if not isinstance(node, MappingNode):
        return None
    snake = _HUMP.sub(r"_\1", step).lower()
    return next((_Place(key, value) for key, value in node.value if key.value in (step, snake)), None)
