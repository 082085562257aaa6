# SPDX-License-Identifier: Apache-2.0
"""The settings of the mesh: a file, or the key `mesh` of the ConfigMap `istio` in istio-system."""

from __future__ import annotations

from collections.abc import Mapping

from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.mesh_config import MeshConfig
from lateen.parse.decode import messages
from lateen.parse.decode.context import Context
from lateen.parse.text import yaml_document
from lateen.parse.text.problem import Problem
from lateen.parse.text.source import Source


def mesh_config(text: str, file: str) -> tuple[MeshConfig, tuple[Diagnostic, ...]]:
    """The settings in a YAML or JSON text; what it does not say has Istio's defaults.

    What is wrong is left out, with a Diagnostic: the rest of the settings takes effect. A field that Istio has and
    Lateen does not read is a warning.
    """
    for chunk in yaml_document.split(text):
        source = Source(file, chunk.line, chunk.text)
        nodes, broken = yaml_document.compose(chunk.text)
        if broken is not None:
            return MeshConfig(), _diagnostics([broken], source, file)
        for node in nodes:
            data, problems = yaml_document.construct(node)
            if data is None:
                continue
            if not isinstance(data, Mapping):
                problem = Problem("no-object", "the settings of the mesh are a mapping", "write `field: value` lines")
                return MeshConfig(), _diagnostics([*problems, problem], source, file)
            context = Context(loose=True)
            found: MeshConfig = messages.message(MeshConfig, dict(data), None, context)
            return found, _diagnostics([*problems, *context.problems], source, file)
    return MeshConfig(), ()


def _diagnostics(problems: list[Problem], source: Source, file: str) -> tuple[Diagnostic, ...]:
    if not problems:
        return ()
    placed = source.positions([problem.field for problem in problems])
    return tuple(
        Diagnostic(
            severity=problem.severity if problem.code != "unknown-field" else Severity.WARNING,
            code=problem.code,
            message=problem.message,
            hint=problem.hint,
            file=file,
            line=source.line + problem.line - 1 if problem.line else line,
            column=problem.column if problem.line else column,
            field=problem.field,
        )
        for problem, (line, column) in zip(problems, placed, strict=True)
    )
