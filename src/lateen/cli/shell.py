# SPDX-License-Identifier: Apache-2.0
"""`lateen shell`: a shell inside a cluster's network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from lateen.app.cluster_layout import Layout
from lateen.cli.serve import MISSING, default_data_folder
from lateen.node import syscalls
from lateen.node.netns import DNS_ADDRESS


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--name", default="lateen", show_default=True, help="The cluster's name.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Where clusters are kept.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def shell(name: str, data: Path | None, command: tuple[str, ...]) -> None:
    """Open a shell (or run COMMAND) in the cluster's network: names and addresses of services and pods work there.

    \b
    Example: lateen shell -- curl http://reviews.default:9080/reviews/0
    """
    layout = Layout((data or default_data_folder()).resolve(), name)
    running = layout.running()
    if running is None:
        click.echo(f"cluster {name} does not run; start it with: lateen up --name {name}", err=True)
        sys.exit(MISSING)
    here = Path.cwd()
    files = [os.open(f"/proc/{running.first}/ns/{kind}", os.O_RDONLY) for kind in ("user", "net", "mnt")]
    for file in files:
        syscalls.setns(file)
        os.close(file)
    # Names are looked up in the cluster, for this shell alone.
    syscalls.unshare(syscalls.NEWNS)
    resolver = Path("/run/resolv.conf")
    resolver.write_text(f"search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver {DNS_ADDRESS}\n")
    syscalls.bind(str(resolver), str(Path("/etc/resolv.conf").resolve()))
    os.chdir(here)
    os.environ["KUBECONFIG"] = str(layout.kubeconfig)
    words = command or (os.environ.get("SHELL", "/bin/sh"),)
    try:
        os.execvp(words[0], words)
    except OSError as error:
        click.echo(f"lateen shell: {words[0]}: {error.strerror}", err=True)
        sys.exit(MISSING)
