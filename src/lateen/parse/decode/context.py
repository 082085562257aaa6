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

    __slots__ = ("loose", "problems")

    def __init__(self, loose: bool = False) -> None:
        self.problems: list[Problem] = []
        self.loose = loose
        """Whether a field that the API does not have, and a number in a text field of Kubernetes, are only warned of:
        so Istio reads files, while an API server refuses them."""

    def report(self, path: Path, code: str, message: str, hint: str = "", severity: Severity = Severity.ERROR) -> None:
        """Note a problem."""
        self.problems.append(Problem(code, message, hint, text(path), severity=severity))
