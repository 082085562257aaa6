# SPDX-License-Identifier: Apache-2.0
"""`lateen env`: the variables by which a shell finds a cluster."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from lateen.app.cluster_layout import Layout
from lateen.cli.serve import MISSING, default_data_folder


@click.command()
@click.option("--name", default="lateen", show_default=True, help="The cluster's name.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Where clusters are kept.")
def env(name: str, data: Path | None) -> None:
    """Print KUBECONFIG and GATEWAY of a running cluster, for: eval "$(lateen env)"."""
    layout = Layout((data or default_data_folder()).resolve(), name)
    running = layout.running()
    if running is None:
        click.echo(f"cluster {name} does not run; start it with: lateen up --name {name}", err=True)
        sys.exit(MISSING)
    port = running.ports.get("80", 0)
    click.echo(f"export KUBECONFIG={shlex.quote(str(layout.kubeconfig))}")
    click.echo(f"export GATEWAY=http://127.0.0.1{'' if port == 80 else f':{port}'}")
