# SPDX-License-Identifier: Apache-2.0
"""`lateen sample`: the sample applications and their manifests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import click

from lateen.app.cluster_layout import Layout
from lateen.cli.serve import MISSING, default_data_folder
from lateen.samples.sample import SAMPLES, documents, manifest, paths

_WRONG = 1


@click.group()
def sample() -> None:
    """Small applications to try a mesh with.

    \b
    lateen sample apply bookinfo       start one in the cluster
    lateen sample export .             then: kubectl apply -f samples/bookinfo/...
    """


@sample.command("list")
@click.argument("name", required=False, type=click.Choice(sorted(SAMPLES)))
def list_samples(name: str | None) -> None:
    """The samples, or the manifests of one."""
    if name:
        click.echo("\n".join(path for path in paths() if path.startswith(f"{name}/")))
        return
    width = max(map(len, SAMPLES))
    for each, known in SAMPLES.items():
        click.echo(f"{each:{width}}  {known.summary}")


@sample.command()
@click.argument("name", metavar="NAME|MANIFEST")
def show(name: str) -> None:
    """The manifests with which a sample starts, or one that `lateen sample list NAME` names."""
    click.echo(_documents(name), nl=False)


@sample.command()
@click.argument("name", metavar="NAME|MANIFEST")
@click.option("-n", "--namespace", help="Namespace to start it in, instead of that of the kubeconfig.")
@click.option(
    "--name", "cluster", help="A cluster of this machine; else $KUBECONFIG counts, else the one called lateen."
)
def apply(name: str, namespace: str | None, cluster: str | None) -> None:
    """Give what `show` shows to `kubectl apply`."""
    text = _documents(name)
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        _missing("kubectl is not on the PATH")
    environment = dict(os.environ)
    if cluster or "KUBECONFIG" not in environment:
        layout = Layout(default_data_folder().resolve(), cluster or "lateen")
        if layout.running() is None:
            _missing(f"cluster {layout.name} does not run; start it with: lateen up --detach --name {layout.name}")
        environment["KUBECONFIG"] = str(layout.kubeconfig)
    command = [kubectl, "apply", *(["-n", namespace] if namespace else []), "-f", "-"]
    done = subprocess.run(command, input=text.encode(), env=environment, check=False)
    sys.exit(_WRONG if done.returncode else 0)


@sample.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def export(folder: Path) -> None:
    """Write all manifests to DIR, under the paths that Istio's documentation uses (samples/bookinfo/...).

    A file that is there already and says something else is left alone, and named.
    """
    kept = []
    for path in paths():
        target = folder / "samples" / path
        text = manifest(path)
        if target.exists() and target.read_text(encoding="utf-8", errors="replace") != text:
            kept.append(target)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    click.echo(f"{len(paths()) - len(kept)} manifests are in {folder / 'samples'}")
    for target in kept:
        click.echo(f"left alone, as it differs: {target}", err=True)
    sys.exit(_WRONG if kept else 0)


def _documents(name: str) -> str:
    try:
        return documents(name.removeprefix("samples/"))
    except KeyError:
        raise click.BadParameter(
            f"{name!r} is neither a sample ({', '.join(SAMPLES)}) nor a manifest of one (lateen sample list NAME)"
        ) from None


def _missing(message: str) -> NoReturn:
    click.echo(f"lateen sample: {message}", err=True)
    sys.exit(MISSING)
