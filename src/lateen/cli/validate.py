# SPDX-License-Identifier: Apache-2.0
"""`lateen validate`: what Istio's webhook would say of documents, before anybody applies them."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import click

from lateen.cli import documents as inputs
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.parse import ParseResult, documents, first_wins

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


@click.command()
@inputs.OPTION
@inputs.NAMESPACE
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form.")
@click.option("--fail-on", type=click.Choice(["error", "warning"]), default="error", show_default=True)
def validate(paths: tuple[str, ...], namespace: str, output: str, fail_on: str) -> None:
    """Check documents as Istio's validation webhook and its custom resource definitions do.

    Each finding names file:line:column, the object, the field, what is wrong and what to do.

    \b
    lateen validate -f config/                  every document below a folder
    lateen validate -f a.yaml -f b.yaml         several files
    helm template . | lateen validate -f -      what a chart makes
    lateen validate -f config/ -o json          for other programs

    \b
    Exit codes:
      0  nothing is wrong (warnings count only with --fail-on warning)
      1  something is wrong
      2  wrong usage
      3  a file cannot be read
    """
    results = {name: documents(text, name, namespace, strict=True) for name, text in inputs.read_all(paths)}
    found = first_wins(results)
    counts = Counter(diagnostic.severity for diagnostic in found.diagnostics)
    failed = counts[Severity.ERROR] > 0 or (fail_on == "warning" and counts[Severity.WARNING] > 0)
    if output == "json":
        click.echo(json.dumps(_as_json(found, failed), indent=1, ensure_ascii=False))
    else:
        _print(found, counts)
    sys.exit(int(failed))


def _as_json(found: ParseResult, failed: bool) -> dict[str, Any]:
    return {
        "valid": not failed,
        "objects": len(found.objects),
        "passedOver": len(found.passed_over),
        "diagnostics": [_diagnostic_as_json(diagnostic) for diagnostic in found.diagnostics],
    }


def _diagnostic_as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    ref = diagnostic.ref
    return {
        "severity": diagnostic.severity.value,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "file": diagnostic.file,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "field": diagnostic.field,
        "object": None
        if ref is None
        else {"group": ref.group, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name},
    }


def _print(found: ParseResult, counts: Counter[Severity]) -> None:
    for diagnostic in found.diagnostics:
        click.echo(_line(diagnostic))
        if diagnostic.hint:
            for line in diagnostic.hint.splitlines():
                click.echo(f"    {line}")
    parts = [
        f"{_count(len(found.objects), 'object')} sound",
        _count(counts[Severity.ERROR], "error"),
        _count(counts[Severity.WARNING], "warning"),
    ]
    if found.passed_over:
        parts.append(f"{len(found.passed_over)} of kinds that a mesh does not read")
    click.echo(", ".join(parts), err=True)


def _line(diagnostic: Diagnostic) -> str:
    severity = click.style(diagnostic.severity.value, fg=_COLOURS[diagnostic.severity], bold=True)
    subject = f"{diagnostic.ref}: " if diagnostic.ref is not None else ""
    field = f"{diagnostic.field}: " if diagnostic.field else ""
    return f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}: {severity}: {subject}{field}{diagnostic.message}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
