# SPDX-License-Identifier: Apache-2.0
"""`Folder`: what the documents of a folder (or one file) say, kept file by file.

Reading a file again costs that file only. Of an object that occurs in several files the one in the first path (in
sorted order) counts, whatever the order in which the files were written; the others are named in a Diagnostic.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from pathlib import Path

from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.ref import Ref
from lateen.parse import Parsed, documents, first_wins
from lateen.parse.change import Change
from lateen.parse.document import LARGEST_FILE
from lateen.parse.files import duplicate_object

SUFFIXES = frozenset({".yaml", ".yml", ".json"})


class Folder:
    """The objects below `path`, a folder or a single file; names that begin with a dot are left out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._objects: dict[Path, dict[Ref, Parsed]] = {}
        self._diagnostics: dict[Path, tuple[Diagnostic, ...]] = {}
        self._owners: dict[Ref, list[Path]] = {}
        self._several: set[Ref] = set()
        """Objects that are in more than one file."""

    def is_document(self, path: Path) -> bool:
        """Whether a path (existing or not) is one whose content counts."""
        if path == self.path:
            return True
        if path.suffix not in SUFFIXES or not path.is_relative_to(self.path):
            return False
        return not any(part.startswith(".") for part in path.relative_to(self.path).parts)

    def files(self) -> list[Path]:
        """All documents there are now, in order."""
        if self.path.is_dir():
            return sorted(p for p in self.path.rglob("*") if self.is_document(p) and p.is_file())
        return [self.path] if self.path.exists() else []

    def known(self) -> list[Path]:
        """All files that were read and not yet found missing."""
        return list(self._objects)

    def read(self, paths: Iterable[Path]) -> list[Change]:
        """Read these files anew (one that is gone counts as empty); returns the objects that are different now."""
        before: dict[Ref, Parsed | None] = {}
        for path in sorted(set(paths)):
            self._replace(path, self._load(path), before)
        return [
            Change(ref, now) for ref, old in before.items() if (now := self._current(ref)) is not old or now is not None
        ]

    def diagnostics(self) -> list[Diagnostic]:
        """Everything that is wrong with the documents, in order of file and line."""
        found = [d for path in sorted(self._diagnostics) for d in self._diagnostics[path]]
        return [*found, *self._duplicates()]

    def parsed(self, ref: Ref) -> Parsed | None:
        """The object of that name with its place in a file."""
        return self._current(ref)

    def _load(self, path: Path) -> dict[Ref, Parsed]:
        try:
            with path.open("rb") as file:
                text = file.read(LARGEST_FILE + 1)
        except FileNotFoundError:
            self._diagnostics.pop(path, None)
            return {}
        except OSError as error:
            self._diagnostics[path] = (
                Diagnostic(
                    severity=Severity.ERROR,
                    code="unreadable-file",
                    message=f"the file cannot be read: {error.strerror or error}",
                    hint="make it readable for this user, or move it out of the folder",
                    file=str(path),
                ),
            )
            return {}
        result = first_wins({str(path): documents(text, str(path))})
        if result.diagnostics:
            self._diagnostics[path] = result.diagnostics
        else:
            self._diagnostics.pop(path, None)
        return {parsed.object.ref: parsed for parsed in result.objects}

    def _replace(self, path: Path, objects: dict[Ref, Parsed], before: dict[Ref, Parsed | None]) -> None:
        old = self._objects.pop(path, {})
        for ref in [*old, *(r for r in objects if r not in old)]:
            before.setdefault(ref, self._current(ref) or old.get(ref))
        for ref in old:
            if ref not in objects:
                owners = self._owners[ref]
                owners.remove(path)
                if len(owners) < 2:
                    self._several.discard(ref)
                if not owners:
                    del self._owners[ref]
        for ref in objects:
            if ref not in old:
                owners = self._owners.setdefault(ref, [])
                bisect.insort(owners, path)
                if len(owners) > 1:
                    self._several.add(ref)
        if objects or path.exists():
            self._objects[path] = objects

    def _current(self, ref: Ref) -> Parsed | None:
        owners = self._owners.get(ref)
        return self._objects.get(owners[0], {}).get(ref) if owners else None

    def _duplicates(self) -> list[Diagnostic]:
        found = []
        for ref in sorted(self._several):
            first, *others = (self._objects[path][ref] for path in self._owners[ref])
            found += [duplicate_object(ref, first, other) for other in others]
        return found
