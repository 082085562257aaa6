# SPDX-License-Identifier: Apache-2.0
"""`lateen convert`: rules of Istio's first API (config.istio.io/v1alpha2) as documents of today's."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from lateen.cli import documents as inputs
from lateen.parse.convert import convert as convert_documents
from lateen.parse.legacy import render


@click.command()
@inputs.OPTION
@inputs.NAMESPACE
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="Form.")
def convert(paths: tuple[str, ...], namespace: str, output: str) -> None:
    """Turn RouteRule and EgressRule into VirtualService, DestinationRule and ServiceEntry.

    Prints every document: the old ones as their modern equivalents, the others as they are. Rules for one destination
    become one VirtualService, by precedence.

    \b
    lateen convert -f old.yaml > new.yaml
    lateen convert -f rules/ -o json
    lateen convert -f old.yaml | lateen validate -f -

    \b
    Exit codes:
      0  everything is converted
      1  something cannot be converted; the rest is printed
      2  wrong usage
      3  a file cannot be read
    """
    found: list[dict[str, Any]] = []
    converted = 0
    failed = False
    for name, text in inputs.read_all(paths):
        conversion = convert_documents(text, name, namespace)
        found.extend(conversion.documents)
        converted += conversion.converted
        for diagnostic in conversion.diagnostics:
            failed = True
            click.echo(str(diagnostic), err=True)
    if output == "json":
        click.echo(json.dumps({"apiVersion": "v1", "kind": "List", "items": found}, indent=1, ensure_ascii=False))
    else:
        click.echo(render(found), nl=False)
    if not converted:
        click.echo("lateen convert: no document of config.istio.io/v1alpha2", err=True)
    sys.exit(int(failed))
