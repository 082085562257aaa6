# SPDX-License-Identifier: Apache-2.0
"""`lateen inject`: sidecars written into the documents themselves, for clusters where no webhook adds them."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
import msgspec
import yaml

from lateen.cli import documents as inputs
from lateen.inject import Settings, inject_document
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.mesh_config import MeshConfig
from lateen.parse import mesh_config
from lateen.parse.document import plain_documents
from lateen.parse.text.problem import Problem
from lateen.parse.text.source import Source


@click.command()
@inputs.OPTION
@click.option("--image", default=Settings().image, show_default=True, help="Image of the proxy.")
@click.option(
    "--native-sidecars/--no-native-sidecars",
    default=Settings().native_sidecars,
    show_default=True,
    help="Sidecars as init containers that keep running (Kubernetes 1.33 and later), or as containers.",
)
@click.option("--mesh-config", "mesh_file", type=click.Path(), help="File of MeshConfig, or its ConfigMap.")
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="Form.")
def inject(paths: tuple[str, ...], image: str, native_sidecars: bool, mesh_file: str | None, output: str) -> None:
    """Add sidecars to the pods of documents, and print every document.

    Pods, Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs and Lists of them get what Istio's webhook
    would add, by the pod's own labels and annotations; labels of namespaces are not looked at. The rest is printed as
    it is. Injecting twice changes nothing.

    \b
    lateen inject -f app.yaml > injected.yaml
    lateen inject -f app.yaml | kubectl apply -f -
    helm template . | lateen inject -f - --mesh-config mesh.yaml
    lateen inject -f app.yaml --no-native-sidecars -o json

    \b
    Exit codes:
      0  every document is printed
      1  something is wrong with a document; it is left out, and the rest is printed
      2  wrong usage
      3  a file cannot be read
    """
    settings = _settings(image, native_sidecars, mesh_file)
    printed: list[Any] = []
    failed = False
    for file, text in inputs.read_all(paths):
        for document, diagnostics in _documents(text, file, settings):
            for diagnostic in diagnostics:
                failed = failed or diagnostic.severity is Severity.ERROR
                click.echo(str(msgspec.structs.replace(diagnostic, file=file)), err=True)
            if document is not None:
                printed.append(document)
    if output == "json":
        whole = printed[0] if len(printed) == 1 else {"apiVersion": "v1", "kind": "List", "items": printed}
        click.echo(json.dumps(whole, indent=1, ensure_ascii=False))
    else:
        click.echo(yaml.safe_dump_all(printed, sort_keys=False, allow_unicode=True), nl=False)
    sys.exit(int(failed))


def _settings(image: str, native_sidecars: bool, mesh_file: str | None) -> Settings:
    mesh = MeshConfig()
    for file, text in inputs.read_all([mesh_file] if mesh_file else []):
        mesh, diagnostics = mesh_config(text, file)
        for diagnostic in diagnostics:
            click.echo(str(diagnostic), err=True)
        if any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics):
            sys.exit(1)
    return Settings(
        image=image,
        native_sidecars=native_sidecars,
        proxy_config=mesh.default_config,
        status_port=mesh.default_config.status_port,
        trust_domain=mesh.trust_domain,
        merge_prometheus=mesh.enable_prometheus_merge is not False,
        outbound_listener_port=mesh.proxy_listen_port,
        inbound_listener_port=mesh.proxy_inbound_listen_port,
    )


def _documents(text: bytes, file: str, settings: Settings) -> list[tuple[Any, tuple[Diagnostic, ...]]]:
    """Each document as it is to be printed (None: not at all), and what there is to say of it."""
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8: {error.reason}"
        return [(None, (Diagnostic(severity=Severity.ERROR, code="encoding", message=message),))]
    found: list[tuple[Any, tuple[Diagnostic, ...]]] = []
    for data, source, problems in plain_documents(decoded, file):
        broken = tuple(_diagnostic(problem, source) for problem in problems)
        if any(problem.severity is Severity.ERROR for problem in broken):
            found.append((None, broken))
        elif isinstance(data, dict):
            injection = inject_document(data, settings)
            unchanged = None if injection.is_refused else data
            kept = unchanged if injection.document is None else injection.document
            found.append((kept, broken + _placed(injection.diagnostics, source)))
        elif data is not None:
            found.append((data, broken))
    return found


def _placed(diagnostics: tuple[Diagnostic, ...], source: Source) -> tuple[Diagnostic, ...]:
    """Findings about an object, at the place where its document begins."""
    if not diagnostics:
        return ()
    line, column = source.position("")
    return tuple(msgspec.structs.replace(diagnostic, line=line, column=column) for diagnostic in diagnostics)


def _diagnostic(problem: Problem, source: Source) -> Diagnostic:
    line, column = source.position(problem.field)
    if problem.line:
        line, column = source.line + problem.line - 1, problem.column
    return Diagnostic(
        severity=problem.severity,
        code=problem.code,
        message=problem.message,
        hint=problem.hint,
        field=problem.field,
        line=line,
        column=column,
    )
