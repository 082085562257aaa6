# SPDX-License-Identifier: Apache-2.0
"""`lateen apiserver`: the embedded Kubernetes API on its own."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from pathlib import Path

import click

MISSING = 3


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of everything kept."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=6443, show_default=True, help="Port to listen on; 0 takes a free one.")
def apiserver(data: Path, host: str, port: int) -> None:
    """Serve the Kubernetes API from one small process.

    Everything is kept in the folder DATA: objects in state.db (SQLite), certificates, the administrator's token. What a
    client was told is written survives a kill of this process at any moment.

    \b
    lateen apiserver --data ~/.lateen                 on 127.0.0.1:6443
    kubectl --kubeconfig ~/.lateen/kubeconfig get ns  the file has mode 0600

    \b
    Exit codes:
      0  stopped by a signal
      2  wrong usage
      3  the port is taken, or the folder is in use, damaged or not ours
    """
    import uvloop

    from lateen.apiserver.server import ApiServer, Config
    from lateen.apiserver.store.journal import StoreBusyError, StoreDamagedError

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with ApiServer(Config(data=data, host=host, port=port)) as server:
            # What is loaded so far stays, and requests leave little behind that is not freed at once: the collector
            # need not look at the former at all and at the latter less often.
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 20, 20)
            click.echo(f"Kubernetes API at {server.url}\nkubectl --kubeconfig {server.kubeconfig} get namespaces")
            await stop.wait()

    try:
        uvloop.run(run())
    except (StoreDamagedError, StoreBusyError, OSError) as error:
        click.echo(f"lateen apiserver: {error}", err=True)
        sys.exit(MISSING)
