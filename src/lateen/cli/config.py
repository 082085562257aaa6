# SPDX-License-Identifier: Apache-2.0
"""`lateen config`: what a proxy would get, offline."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import orjson
import yaml

from lateen.app.control_plane import ControlPlane
from lateen.app.proxy_name import UnknownProxyError, find_proxy
from lateen.compile.proxy import snapshot
from lateen.envoy.dump import dump
from lateen.files.folder import Folder
from lateen.parse import mesh_config as parse_mesh_config

NO = 1
MISSING = 3
TYPES = ("clusters", "endpoints", "listeners", "routes")


@click.command()
@click.argument("proxy")
@click.option(
    "-f",
    "--filename",
    "path",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="A folder or a file of documents.",
)
@click.option(
    "--mesh-config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Settings of the mesh."
)
@click.option(
    "--label", "labels", multiple=True, metavar="KEY=VALUE", help="A label of the workload, where no Pod says it."
)
@click.option(
    "--type", "types", multiple=True, type=click.Choice(TYPES), help="Only this type; may be given several times."
)
@click.option("-o", "--output", type=click.Choice(["json", "yaml"]), default="json", show_default=True)
def config(
    proxy: str, path: Path, mesh_config: Path | None, labels: tuple[str, ...], types: tuple[str, ...], output: str
) -> None:
    """Print the Envoy configuration that PROXY would get from these documents; nothing has to run.

    PROXY is a Pod among the documents, as `name` or `name.namespace`, or a node id of Istio's. What is wrong with the
    documents goes to standard error.

    \b
    Examples:
      lateen config sleep-1.default -f documents/ -o yaml
      lateen config router~127.0.0.1~ingress.istio-system~istio-system.svc.cluster.local \\
                    --label istio=ingressgateway -f documents/ --type routes
    """
    plane = ControlPlane()
    if mesh_config is not None:
        settings, problems = parse_mesh_config(mesh_config.read_bytes(), str(mesh_config))
        plane.set_mesh_config(settings)
        for problem in problems:
            click.echo(problem, err=True)
    folder = Folder(path)
    plane.apply(folder.read(folder.files()))
    try:
        workload = find_proxy(plane, proxy, dict(label.partition("=")[::2] for label in labels))
    except UnknownProxyError as error:
        click.echo(f"lateen config: {error}", err=True)
        sys.exit(NO)
    found = dump(snapshot(plane.state.db, workload))
    for problem in [*folder.diagnostics(), *plane.diagnostics()]:
        click.echo(problem, err=True)
    if types:
        found = {name: found[name] for name in TYPES if name in types}
    if output == "json":
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    else:
        plain = orjson.loads(orjson.dumps(found))
        click.echo(yaml.dump(plain, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False), nl=False)
