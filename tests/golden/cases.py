# SPDX-License-Identifier: Apache-2.0
"""Golden cases: documents in, Envoy's configuration out, kept as files that a reviewer reads in a diff.

    tests/golden/<topic>/proxies.yaml            the topic's proxies, and the kinds of resources that matter to it
    tests/golden/<topic>/<case>/in.yaml          documents; the first line says what the case is about
    tests/golden/<topic>/<case>/mesh.yaml        a MeshConfig, where it matters
    tests/golden/<topic>/<case>/proxies.yaml     in place of the topic's, where it matters
    tests/golden/<topic>/<case>/<proxy>.json     the proxy's resources by kind and name
    tests/golden/<topic>/<case>/diagnostics.txt  what the user is told, if anything

The last two are written by `pytest tests/golden --update-golden`, which also deletes those that no case has any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from lateen.compile.proxy import snapshot
from lateen.compile.workload import Workload
from lateen.parse import documents, mesh_config
from lateen.state.state import State
from tests.conformance.compiled import resources, workload_of

ROOT = Path(__file__).resolve().parent
INPUTS = {"in.yaml", "mesh.yaml", "proxies.yaml"}
DIAGNOSTICS = "diagnostics.txt"


@dataclass(frozen=True)
class Case:
    """One case folder."""

    folder: Path

    def __str__(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @cached_property
    def topic(self) -> dict[str, Any]:
        """The proxies and the kinds to show."""
        own = self.folder / "proxies.yaml"
        settings: dict[str, Any] = yaml.safe_load((own if own.exists() else self.folder.parent / own.name).read_text())
        return settings

    @cached_property
    def workloads(self) -> dict[str, Workload]:
        """The proxies by name."""
        return {row["name"]: workload_of(row) for row in self.topic["proxies"]}

    def state(self) -> tuple[State, list[str]]:
        """The sound documents in a state, and what is wrong with the others."""
        mesh = self.folder / "mesh.yaml"
        settings, said = mesh_config(mesh.read_text() if mesh.exists() else "", "mesh.yaml")
        parsed = documents((self.folder / "in.yaml").read_text(), "in.yaml")
        state = State()
        state.set_mesh_config(settings)
        state.apply((found.object.ref, found.object) for found in parsed.objects)
        return state, [str(diagnostic) for diagnostic in (*said, *parsed.diagnostics)]

    def outputs(self) -> dict[str, str]:
        """File name -> text of everything that the case gives."""
        state, said = self.state()
        files = {}
        for name, workload in self.workloads.items():
            state.db.pin(snapshot, workload)
            found = resources(state, workload)
            shown = {kind: dict(sorted(found[kind].items())) for kind in self.topic["show"] if found[kind]}
            files[f"{name}.json"] = json.dumps(shown, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        said += sorted(map(str, state.db.reports()))
        if said:
            files[DIAGNOSTICS] = "\n".join(said) + "\n"
        return files

    def kept(self) -> dict[str, str]:
        """File name -> text of what the folder holds beside the inputs."""
        return {p.name: p.read_text() for p in sorted(self.folder.iterdir()) if p.name not in INPUTS}

    def update(self) -> None:
        """Write the outputs and delete what is none."""
        outputs = self.outputs()
        for name in self.kept().keys() - outputs.keys():
            (self.folder / name).unlink()
        for name, text in outputs.items():
            (self.folder / name).write_text(text)


def cases() -> Iterator[Case]:
    """Every case, sorted."""
    for documents_file in sorted(ROOT.glob("*/*/in.yaml")):
        yield Case(documents_file.parent)


def orphans() -> list[Path]:
    """Case folders without documents."""
    folders = (folder for folder in sorted(ROOT.glob("*/*")) if folder.is_dir() and folder.name != "__pycache__")
    return [folder for folder in folders if not (folder / "in.yaml").exists()]
