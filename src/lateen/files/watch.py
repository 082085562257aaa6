# SPDX-License-Identifier: Apache-2.0
"""Watching a folder: which files are complete and different now. Linux inotify, through asyncinotify.

A file counts when its writer closes it or renames it into place, never half-written.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from asyncinotify import Event, Inotify, Mask

from lateen.files.folder import Folder
from lateen.model.diagnostic import Diagnostic
from lateen.parse.change import Change

FILES = Mask.CLOSE_WRITE | Mask.MOVED_TO | Mask.MOVED_FROM | Mask.DELETE
FOLDERS = Mask.CREATE | Mask.DELETE_SELF | Mask.MOVE_SELF | Mask.ONLYDIR


class FolderSource:
    """A folder as a source of changes: all its objects at first, then those of the files that are complete and
    different."""

    def __init__(self, path: Path) -> None:
        self._folder = Folder(path)

    def diagnostics(self) -> list[Diagnostic]:
        """What is wrong with the documents that are there."""
        return self._folder.diagnostics()

    async def changes(self) -> AsyncIterator[list[Change]]:
        """Sets of changes; whatever has come in since the last one was asked for is in the next."""
        with Watcher(self._folder) as watcher:
            yield self._folder.read(self._folder.files())
            async for paths in watcher.changes():
                # A file may change what is wrong without changing an object.
                yield self._folder.read(paths)


class Watcher:
    """Reports changed paths of a folder. Use as a context manager; start it before the first reading of the folder,
    so that nothing falls between the two."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._inotify = Inotify(sync_timeout=0)

    def __enter__(self) -> Watcher:
        self._inotify.__enter__()
        root = self._folder.path if self._folder.path.is_dir() else self._folder.path.parent
        self._watch(root)
        return self

    def __exit__(self, *exc: object) -> None:
        self._inotify.__exit__(*exc)

    async def changes(self) -> AsyncIterator[set[Path]]:
        """Sets of paths to read again: whatever has come in since the last one was asked for."""
        while True:
            paths = self._paths(await self._inotify.get())
            while event := self._inotify.sync_get():
                paths |= self._paths(event)
            if paths:
                yield paths

    def _watch(self, folder: Path) -> set[Path]:
        """Watch a folder and those below it; returns the documents that are in them already."""
        self._inotify.add_watch(folder, FILES | FOLDERS)
        found: set[Path] = set()
        if not self._folder.path.is_dir():
            return found
        for entry in folder.iterdir():
            if entry.name.startswith("."):
                continue
            if entry.is_dir() and not entry.is_symlink():
                found |= self._watch(entry)
            elif self._folder.is_document(entry):
                found.add(entry)
        return found

    def _paths(self, event: Event) -> set[Path]:
        if event.mask & Mask.Q_OVERFLOW:
            return {*self._folder.files(), *self._folder.known()}
        path = event.path
        if path is None:
            return set()
        if event.mask & Mask.ISDIR:
            if path.name.startswith("."):
                return set()
            if event.mask & (Mask.CREATE | Mask.MOVED_TO):
                try:
                    return self._watch(path)
                except (FileNotFoundError, NotADirectoryError):
                    return set()
            return {p for p in self._folder.known() if p.is_relative_to(path)}
        if event.mask & FILES and self._folder.is_document(path):
            return {path}
        return set()
