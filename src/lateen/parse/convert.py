# SPDX-License-Identifier: Apache-2.0
"""A file of the old API as a file of today's."""

from typing import Any, NamedTuple

from lateen.model.diagnostic import Diagnostic, Severity
from lateen.parse import legacy
from lateen.parse.document import plain_documents, reading
from lateen.parse.legacy import Legacy


class Conversion(NamedTuple):
    """A file in today's API."""

    documents: list[dict[str, Any]]
    """Every document: legacy ones as their modern equivalents, others as they were."""
    converted: int
    """How many were legacy ones."""
    diagnostics: tuple[Diagnostic, ...]
    """What could not be converted."""


def convert(text: str | bytes, file: str, default_namespace: str = "default") -> Conversion:
    """The documents of a file, those of config.istio.io/v1alpha2 converted."""
    result = reading(file, default_namespace, strict=True)
    decoded = result.decode(text)
    found = list(plain_documents(decoded, file)) if decoded is not None else []
    old: list[tuple[int, Legacy]] = []
    replaced: dict[int, list[dict[str, Any]]] = {}
    for index, (data, source, problems) in enumerate(found):
        result.add_problems(problems, source)
        if legacy.is_legacy(data):
            old.append((index, result.legacy_document(data)))
    converted = legacy.convert([document for _, document in old], loose=False)
    for (index, document), outcome in zip(old, converted, strict=True):
        errors = [problem for problem in outcome.problems if problem.severity is Severity.ERROR]
        result.add_problems(errors, found[index][1], result.identity(document.data))
        replaced[index] = outcome.modern
    documents = [
        document
        for index, (data, _, _) in enumerate(found)
        for document in replaced.get(index, [data] if isinstance(data, dict) else [])
    ]
    return Conversion(documents, len(old), result.done().diagnostics)
