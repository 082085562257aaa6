# SPDX-License-Identifier: Apache-2.0
"""`lateen doctor`: whether this machine can run a cluster, and what to do if not."""

from __future__ import annotations

import sys

import click

from lateen.node.machine import checks


@click.command()
def doctor() -> None:
    """Try everything that `lateen up` needs of this machine; exit code 1 if something is missing."""
    well = True
    for check in checks():
        mark = "ok     " if check.passed else "MISSING" if check.needed else "without"
        click.echo(f"{mark} {check.name}: {check.found}")
        if not check.passed:
            click.echo(f"        {check.fix}")
            well = well and not check.needed
    click.echo("this machine can run clusters" if well else "this machine cannot run clusters yet")
    sys.exit(0 if well else 1)
