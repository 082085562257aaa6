# SPDX-License-Identifier: Apache-2.0
"""What validation collects."""

from __future__ import annotations

import json

from lateen.model.diagnostic import Severity
from lateen.parse.text.problem import Problem

DEFAULT_CODE = "invalid"


class Findings:
    """Problems of one object, in the order they are found; fields are paths from the object's root."""

    __slots__ = ("problems",)

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def error(self, field: str, message: str, hint: str = "", code: str = DEFAULT_CODE) -> None:
        """Istio refuses the object."""
        self.problems.append(Problem(code, message, hint, field))

    def warn(self, field: str, message: str, hint: str = "", code: str = DEFAULT_CODE) -> None:
        """Istio accepts the object with a warning."""
        self.problems.append(Problem(code, message, hint, field, severity=Severity.WARNING))

    def expect(self, field: str, message: str | None, hint: str = "", code: str = DEFAULT_CODE) -> bool:
        """Note an error if a check found something to say. Whether it had nothing to say."""
        if message is not None:
            self.error(field, message, hint, code)
        return message is None


def quoted(text: str) -> str:
    """Text in double quotes, as messages of Istio show values."""
    return json.dumps(text, ensure_ascii=False)
