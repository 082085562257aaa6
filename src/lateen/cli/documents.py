# SPDX-License-Identifier: Apache-2.0
"""The files that `-f` names, for commands that read documents and answer."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from lateen.files.folder import Folder
from lateen.parse.document import LARGEST_FILE

OPTION = click.option(
    "-f",
    "--filename",
    "paths",
    multiple=True,
    required=True,
    metavar="FILE|DIR|-",
    help="A file, a folder with all below it, or - for standard input. May be repeated.",
)
NAMESPACE = click.option(
    "-n",
    "--namespace",
    default="default",
    show_default=True,
    help="Namespace of objects that do not name one.",
)

MISSING = 3


def read_all(paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file. Ends the command with exit code 3 when one cannot be read."""
    for path in paths:
        if path == "-":
            yield "<stdin>", sys.stdin.buffer.read(LARGEST_FILE + 1)
            continue
        if not Path(path).exists():
            _missing(f"{path}: no such file or folder")
        files = Folder(Path(path)).files()
        if not files:
            _missing(f"{path}: no .yaml, .yml or .json file in it")
        for file in files:
            try:
                yield str(file), file.read_bytes()
            except OSError as error:
                _missing(f"{file}: {error.strerror}")


def _missing(message: str) -> None:
    click.echo(f"lateen: {message}", err=True)
    sys.exit(MISSING)
