# SPDX-License-Identifier: Apache-2.0
"""`lateen serve`: steer Envoy proxies by the documents in a folder."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

import click
import uvloop

from lateen.app.certificates import Certificates
from lateen.app.control_plane import ControlPlane
from lateen.app.serve import Service, until_stopped
from lateen.files.watch import FolderSource
from lateen.identity.authority_store import AuthorityStoreError
from lateen.kube.client import KubeClient
from lateen.kube.errors import UnreachableError
from lateen.kube.source import KubeSource
from lateen.model.kinds import CORE_KINDS, ISTIO_KINDS
from lateen.parse import mesh_config as parse_mesh_config
from lateen.xds.server import ListenError

MISSING = 3


def default_data_folder() -> Path:
    """Where what must survive is kept: XDG_DATA_HOME, else ~/.local/share."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "lateen"


@click.command()
@click.option(
    "-f", "--filename", "path", type=click.Path(exists=True, path_type=Path), help="A folder or a file of documents."
)
@click.option("--kube", is_flag=True, help="Take the documents from a Kubernetes API instead.")
@click.option("--context", help="With --kube: this context of the kubeconfig.")
@click.option(
    "--kubeconfig",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --kube: this file, otherwise the pod's service account, KUBECONFIG or the default file.",
)
@click.option(
    "--mesh-config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Settings of the mesh; otherwise the ConfigMap istio in istio-system counts.",
)
@click.option(
    "--xds-address", default="127.0.0.1:15010", show_default=True, help="HOST:PORT or unix:PATH to serve proxies on."
)
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="Where the certificate authority is kept."
)
@click.option("--domain", default="cluster.local", show_default=True, help="The DNS domain of services.")
def serve(
    path: Path | None,
    kube: bool,
    context: str | None,
    kubeconfig: Path | None,
    mesh_config: Path | None,
    xds_address: str,
    data: Path | None,
    domain: str,
) -> None:
    """Serve documents to Envoy proxies, at once and whenever one of them changes.

    They come from a folder (a file counts when its writer closes it or renames it into place) or from a Kubernetes API.
    What is wrong is said with its place and what to do; the other documents keep working.

    \b
    Examples:
      lateen serve -f documents/
      lateen serve -f mesh.yaml --xds-address unix:/run/lateen/xds.sock
      lateen serve --kube --context kind-dev
    """
    if kube == (path is not None):
        raise click.UsageError("give either -f with a folder, or --kube")
    try:
        plane = ControlPlane(domain)
        trust_domain = domain
        if mesh_config is not None:
            settings, problems = parse_mesh_config(mesh_config.read_text(), str(mesh_config))
            for problem in problems:
                _say(str(problem))
            plane.set_mesh_config(settings)
            trust_domain = settings.trust_domain or domain
        certificates = Certificates(plane, data or default_data_folder(), trust_domain)
        if path is not None:
            uvloop.run(_serve(Service(FolderSource(path), plane, certificates, _say), xds_address))
        else:
            uvloop.run(_serve_kube(plane, certificates, kubeconfig, context, xds_address))
    except (ListenError, AuthorityStoreError, UnreachableError) as error:
        click.echo(f"lateen serve: {error}", err=True)
        sys.exit(MISSING)


async def _serve(service: Service, xds_address: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await until_stopped(asyncio.create_task(service.run(xds_address)), stop)


async def _serve_kube(
    plane: ControlPlane, certificates: Certificates, kubeconfig: Path | None, context: str | None, xds_address: str
) -> None:
    async with KubeClient.connect(kubeconfig, context) as client:
        await client.version()
        source = KubeSource(client, (*CORE_KINDS, *ISTIO_KINDS), _say)
        await _serve(Service(source, plane, certificates, _say), xds_address)


def _say(line: str) -> None:
    click.echo(f"{datetime.now():%H:%M:%S.%f}"[:12] + f" {line}", err=True)
