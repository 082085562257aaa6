# SPDX-License-Identifier: Apache-2.0
"""What the decoding of one document collects."""

from __future__ import annotations

from lateen.model.diagnostic import Severity
from lateen.parse.text import field_path
from lateen.parse.text.problem import Problem

Path = tuple["Path", field_path.Step] | None
"""A field path as a chain from the innermost step outwards; cheap to extend, turned into text only when needed."""


def text(path: Path) -> str:
    """The path as text."""
    steps: list[field_path.Step] = []
    while path is not None:
        path, step = path
        steps.append(step)
    return field_path.render(reversed(steps))


class Context:
    """The problems of one document."""

    __slots__ = ("problems", "unknown")

    def __init__(self, unknown: Severity = Severity.ERROR) -> None:
        self.problems: list[Problem] = []
        self.unknown = unknown
        """How bad a field is that the API does not have."""

    def report(self, path: Path, code: str, message: str, hint: str = "", severity: Severity = Severity.ERROR) -> None:
        """Note a problem."""
        self.problems.append(Problem(code, message, hint, text(path), severity=severity))
