# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the input, where, and what to do about it."""

import enum

import msgspec

from lateen.model.ref import Ref


class Severity(enum.StrEnum):
    """How bad it is."""

    ERROR = "error"
    """The object is left out."""
    WARNING = "warning"
    """The object takes effect, probably not as meant."""
    INFO = "info"
    """Worth knowing."""


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finding about one place of the input."""

    severity: Severity
    code: str
    """A stable short name of the kind of finding, for filters (`unknown-field`)."""
    message: str
    """What is wrong."""
    hint: str = ""
    """What to do about it."""
    ref: Ref | None = None
    """The object it is about; None when the document is no object."""
    file: str = ""
    line: int = 0
    """1-based; 0 when there is no place in a file."""
    column: int = 0
    """1-based; 0 when there is no place in a file."""
    field: str = ""
    """The path of the field in the API's own names: spec.http[0].route[1].weight"""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.line else f"{self.file}: " if self.file else ""
        subject = f"{self.ref}: " if self.ref else ""
        field = f"{self.field}: " if self.field else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.severity.value}: {subject}{field}{self.message}{hint}"
