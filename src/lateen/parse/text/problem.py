# SPDX-License-Identifier: Apache-2.0
"""A finding before it is tied to an object and a place in a file."""

from __future__ import annotations

from typing import NamedTuple

from lateen.model.diagnostic import Severity


class Problem(NamedTuple):
    """What is wrong with one place of a document. The place is a field path, or line and column within the document."""

    code: str
    message: str
    hint: str = ""
    field: str = ""
    line: int = 0
    """1-based within the document; 0 when the field says it."""
    column: int = 0
    severity: Severity = Severity.ERROR
