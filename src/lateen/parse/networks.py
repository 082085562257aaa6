# SPDX-License-Identifier: Apache-2.0
"""The networks of the mesh: `meshNetworks` in the ConfigMap `istio`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lateen.model.core.config_map import ConfigMap
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.mesh.networks import MeshNetworks
from lateen.parse.decode import messages
from lateen.parse.decode.context import Context
from lateen.parse.text import yaml_document
from lateen.parse.text.problem import Problem
from lateen.parse.validation import mesh_networks
from lateen.parse.validation.findings import Findings

CONFIG_MAP_KEY: Final = "meshNetworks"


def mesh_networks_of(config_map: ConfigMap) -> tuple[MeshNetworks, tuple[Diagnostic, ...]]:
    """The networks that a ConfigMap describes; none where it describes none, or with an error in it."""
    nodes, broken = yaml_document.compose(config_map.data.get(CONFIG_MAP_KEY, ""))
    if broken is not None:
        return MeshNetworks(), _diagnostics([broken], config_map)
    data, problems = yaml_document.construct(nodes[0]) if nodes else ({}, [])
    if not isinstance(data, Mapping):
        wrong = Problem("no-object", "meshNetworks is no object", "write networks: and their names below it")
        return MeshNetworks(), _diagnostics([*problems, wrong], config_map)
    context, findings = Context(loose=True), Findings()
    found: MeshNetworks = messages.message(MeshNetworks, data, None, context)
    if all(problem.severity is not Severity.ERROR for problem in context.problems):
        mesh_networks.check(findings, found)
    problems = [*problems, *context.problems, *findings.problems]
    refused = any(problem.severity is Severity.ERROR for problem in problems)
    return MeshNetworks() if refused else found, _diagnostics(problems, config_map)


def _diagnostics(problems: list[Problem], config_map: ConfigMap) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(
            severity=problem.severity,
            code=problem.code,
            message=problem.message,
            hint=problem.hint,
            ref=config_map.ref,
            field=f"data.{CONFIG_MAP_KEY}",
        )
        for problem in problems
    )
