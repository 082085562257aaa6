# SPDX-License-Identifier: Apache-2.0
"""The templates that the annotation inject.istio.io/templates chooses from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from lateen.inject import annotation
from lateen.inject.document import Document
from lateen.inject.gateway import gateway
from lateen.inject.sidecar import sidecar
from lateen.inject.target import Target
from lateen.model.diagnostic import Diagnostic, Severity

TEMPLATES: Final[Mapping[str, Callable[[Target], Document]]] = {"gateway": gateway, "sidecar": sidecar}


def chosen(found: Mapping[str, str]) -> tuple[str, ...] | Diagnostic:
    """The templates to apply, in order: those that the annotations name, else `sidecar`."""
    text = found.get(annotation.TEMPLATES)
    names = tuple(name.strip() for name in text.split(",")) if text is not None else ("sidecar",)
    for name in names:
        if name not in TEMPLATES:
            return Diagnostic(
                severity=Severity.ERROR,
                code="unknown-template",
                message=f'requested template "{name}" not found; have {", ".join(TEMPLATES)}',
                field=f"metadata.annotations[{annotation.TEMPLATES}]",
            )
    return names
