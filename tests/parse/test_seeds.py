# SPDX-License-Identifier: Apache-2.0
"""The documents that the articles print whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lateen.model.diagnostic import Diagnostic
from lateen.parse import documents

_BEGINNING = re.compile(r"^(\s*)(?:apiVersion|kind): \S+$")
_LINE = re.compile(r"^(?:\s|-|[A-Za-z]+:(?:\s|$)|#)")

REFUSED = {
    "total destination weight = 0": "two destinations without weights",
    "Required value": "a ServiceEntry port without a name",
    "invalid port name: ": "the same, in the words of the webhook",
}


def _blocks(text: str) -> list[str]:
    found: list[str] = []
    lines = text.splitlines()
    while lines:
        beginning = _BEGINNING.match(lines[0])
        if beginning is None:
            lines.pop(0)
            continue
        indent = beginning[1]
        block = []
        while lines and (not lines[0].strip() or lines[0].startswith(indent)):
            line = lines[0].removeprefix(indent)
            if line.strip() and (not _LINE.match(line) or line.startswith("EOF")):
                break
            block.append(line)
            lines.pop(0)
        found.append("\n".join(block))
    return found


@pytest.mark.parametrize(("seed", "objects"), [("001*", 20), ("002*", 4), ("004*", 1)])
def test_documents_of_the_articles(shared: Path, seed: str, objects: int) -> None:
    (path,) = (shared / "seeds").glob(seed)
    loaded = 0
    diagnostics: list[Diagnostic] = []
    for block in _blocks(path.read_text()):
        result = documents(block, path.name, strict=True)
        loaded += len(result.objects)
        diagnostics.extend(result.diagnostics)
    assert loaded == objects
    assert {d.message for d in diagnostics if d.code != "deprecated"} <= set(REFUSED)
