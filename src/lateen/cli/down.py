# SPDX-License-Identifier: Apache-2.0
"""`lateen down`: end a cluster."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import click

from lateen.app.cluster_layout import Layout, began
from lateen.cli.serve import MISSING, default_data_folder

_PATIENCE = 15.0


@click.command()
@click.option("--name", default="lateen", show_default=True, help="The cluster's name.")
@click.option("--purge", is_flag=True, help="Forget its objects, its authority and its logs as well.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Where clusters are kept.")
def down(name: str, purge: bool, data: Path | None) -> None:
    """End a cluster: every process and every namespace of it. Its objects stay, and `lateen up` brings them back."""
    layout = Layout((data or default_data_folder()).resolve(), name)
    running = layout.running()
    if running is None:
        click.echo(f"cluster {name} does not run")
    else:
        os.kill(running.holder, signal.SIGTERM)
        end = time.monotonic() + _PATIENCE
        while began(running.holder) == running.began and time.monotonic() < end:
            time.sleep(0.02)
        if began(running.holder) == running.began:
            os.kill(running.holder, signal.SIGKILL)
            click.echo(f"cluster {name} did not end in {_PATIENCE:g} s and was killed", err=True)
            layout.forget_running()
            sys.exit(MISSING)
        click.echo(f"cluster {name} has ended")
    if purge:
        shutil.rmtree(layout.folder, ignore_errors=True)
        click.echo("its objects are forgotten")
