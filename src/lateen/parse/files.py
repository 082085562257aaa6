# SPDX-License-Identifier: Apache-2.0
"""Several files together: which one an object is taken from when it is in two."""

from collections.abc import Mapping

from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.ref import Ref
from lateen.parse.document import Parsed, ParseResult


def first_wins(results: Mapping[str, ParseResult]) -> ParseResult:
    """The objects of all files, by path; of one that is there twice the first path's, with a Diagnostic for the other.

    Several in one file count in the order of the file.
    """
    objects: dict[Ref, Parsed] = {}
    diagnostics: list[Diagnostic] = []
    passed_over: list[Ref] = []
    refused: list[Parsed] = []
    for _, result in sorted(results.items()):
        diagnostics.extend(result.diagnostics)
        passed_over.extend(result.passed_over)
        refused.extend(result.refused)
        for parsed in result.objects:
            ref = parsed.object.ref
            first = objects.setdefault(ref, parsed)
            if first is not parsed:
                diagnostics.append(duplicate_object(ref, first, parsed))
    return ParseResult(tuple(objects.values()), tuple(diagnostics), tuple(passed_over), tuple(refused))


def duplicate_object(ref: Ref, first: Parsed, second: Parsed) -> Diagnostic:
    """What is said of the second place of an object that is in two."""
    line, column = second.source.position("metadata.name")
    first_line, _ = first.source.position("metadata.name")
    return Diagnostic(
        severity=Severity.ERROR,
        code="duplicate-object",
        message=f"{ref} is already defined in {first.source.file}:{first_line}, which counts",
        hint="remove one of them, or give it another name",
        ref=ref,
        file=second.source.file,
        line=line,
        column=column,
        field="metadata.name",
    )
