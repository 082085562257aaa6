# SPDX-License-Identifier: Apache-2.0
"""`lateen status`: what each connected proxy holds, and why it does not hold what it should."""

from __future__ import annotations

import sys

import click
import grpc
import orjson
import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lateen.xds.status_service import FETCH, SERVICE, states

NO = 1
MISSING = 3
COLOURS = {"synced": "green", "warming": "yellow", "stale": "yellow", "rejected": "red"}


@click.command()
@click.option(
    "--xds-address", default="127.0.0.1:15010", show_default=True, help="HOST:PORT or unix:PATH of the control plane."
)
@click.option("-o", "--output", type=click.Choice(["table", "json", "yaml"]), default="table", show_default=True)
def status(xds_address: str, output: str) -> None:
    """Show each connected proxy: synced, warming, stale, or rejected with the reason and the object that caused it.

    Exit code 1 when a proxy has refused something.

    \b
    Example:
      lateen status --xds-address unix:/run/lateen/xds.sock -o json
    """
    try:
        with grpc.insecure_channel(xds_address) as channel:
            found = states(channel.unary_unary(f"/{SERVICE}/{FETCH}", None, None)(b"", timeout=5))
    except grpc.RpcError as error:
        click.echo(
            f"lateen status: no answer from {xds_address}: {error.details()}\n"
            "Is `lateen serve` running, on that address? Name another with --xds-address.",
            err=True,
        )
        sys.exit(MISSING)
    rows = [
        {"proxy": node, "state": whole, "rejected": [{"type": t, "name": n, "reason": r} for t, n, r in refused]}
        for node, whole, refused in found
    ]
    if output == "json":
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
    elif output == "yaml":
        click.echo(yaml.safe_dump(rows, sort_keys=False), nl=False)
    else:
        _show(found)
    if any(refused for _, _, refused in found):
        sys.exit(NO)


def _show(found: list[tuple[str, str, list[tuple[str, str, str]]]]) -> None:
    if not found:
        click.echo("no proxy is connected")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("NAME", "TYPE", "ADDRESS", "STATE"):
        table.add_column(column, overflow="fold")
    for node, whole, _ in found:
        kind, address, name, _domain = node.split("~")
        colour = COLOURS.get(whole.split(" ")[0].rstrip(","), "")
        table.add_row(name, kind, address, Text(whole, style=colour))
    Console(highlight=False).print(table)
