# SPDX-License-Identifier: Apache-2.0
"""The journal: every revision in one SQLite table, written in groups by one thread that is not the event loop.

Durability. WAL mode with `synchronous=NORMAL`: a commit is handed to the operating system before it is acknowledged,
so an acknowledged write survives `kill -9` at any moment. SQLite syncs to disk at each checkpoint only, so a power
failure may take the last moments, but never leaves the file inconsistent.

Damage. Every row carries a checksum over all its columns, and revisions after the compaction point are consecutive; a
file that fails `quick_check`, a checksum or that rule is refused as a whole with `StoreDamagedError`.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from lateen.apiserver.store.revision import Key, Revision

APPLICATION_ID = 0x4C41544E
FORMAT = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS revisions (
  version INTEGER PRIMARY KEY, type TEXT NOT NULL, resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
  body BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

Row = tuple[int, str, Key, bytes]
"""Version, type (ADDED, MODIFIED, DELETED), key, body."""


class StoreDamagedError(Exception):
    """The file is not what this server wrote; nothing of it was used."""


class StoreBusyError(Exception):
    """Another process has the file open."""


class Journal(Protocol):
    """What the store needs to keep revisions. `commit` runs outside the event loop."""

    def load(self) -> tuple[int, Iterable[Row]]:
        """The compaction point and every row in the order of versions."""

    def commit(self, revisions: Sequence[Revision], dead: Sequence[int], compacted: int) -> None:
        """Keep `revisions`, drop the rows of the versions `dead`, and note the compaction point: all or nothing."""

    def fact(self, name: str, value: str | None = None) -> str | None:
        """A named text kept beside the objects; `value` sets it."""

    def close(self) -> None: ...


class MemoryJournal:
    """Keeps nothing: for a cluster that may be forgotten, and for tests."""

    def __init__(self) -> None:
        self._facts: dict[str, str] = {}

    def load(self) -> tuple[int, Iterable[Row]]:
        return 1, ()

    def commit(self, revisions: Sequence[Revision], dead: Sequence[int], compacted: int) -> None:
        pass

    def fact(self, name: str, value: str | None = None) -> str | None:
        if value is not None:
            self._facts[name] = value
        return self._facts.get(name)

    def close(self) -> None:
        pass


class SqliteJournal:
    """One file, held exclusively. Raises StoreDamagedError or StoreBusyError when it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._database = self._open(path)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise StoreBusyError(f"{path} is in use by another process") from None
            raise StoreDamagedError(f"{path} cannot be opened: {error}") from None
        except sqlite3.DatabaseError as error:
            raise StoreDamagedError(f"{path} is damaged: {error}") from None

    def _open(self, path: Path) -> sqlite3.Connection:
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.2)
        try:
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.execute("PRAGMA wal_autocheckpoint=4000")
            database.execute("PRAGMA cache_size=-2048")
            database.execute("BEGIN IMMEDIATE")
            identity = database.execute("PRAGMA application_id").fetchone()[0]
            tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if tables and identity != APPLICATION_ID:
                raise StoreDamagedError(f"{path} is another program's SQLite file")
            found = database.execute("PRAGMA user_version").fetchone()[0]
            if tables and found != FORMAT:
                raise StoreDamagedError(f"{path} has format {found}; this version of Lateen reads format {FORMAT}")
            if tables:
                (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
                if verdict != "ok":
                    raise StoreDamagedError(f"{path} is damaged: {verdict}")
            for statement in _SCHEMA.strip().split(";\n"):
                database.execute(statement)
            database.execute(f"PRAGMA application_id={APPLICATION_ID}")
            database.execute(f"PRAGMA user_version={FORMAT}")
            database.execute("COMMIT")
        except BaseException:
            database.close()
            raise
        return database

    def load(self) -> tuple[int, Iterable[Row]]:
        try:
            compacted = int(self.fact("compacted") or 1)
            rows = self._database.execute(
                "SELECT version, type, resource, namespace, name, body, checksum FROM revisions ORDER BY version"
            ).fetchall()
        except (sqlite3.DatabaseError, ValueError) as error:
            raise StoreDamagedError(f"{self._path} is damaged: {error}") from None
        found: list[Row] = []
        expected = compacted + 1
        for version, type_, resource, namespace, name, body, checksum in rows:
            key = Key(resource, namespace, name)
            if _checksum(version, type_, key, body) != checksum:
                raise StoreDamagedError(
                    f"{self._path} is damaged: revision {version} ({resource} {name}) fails its checksum"
                )
            if version > compacted:
                if version != expected:
                    raise StoreDamagedError(f"{self._path} is damaged: revision {expected} is missing")
                expected += 1
            found.append((version, type_, key, body))
        return compacted, found

    def commit(self, revisions: Sequence[Revision], dead: Sequence[int], compacted: int) -> None:
        rows = [
            (r.version, r.type, *r.key, r.stored.body, _checksum(r.version, r.type, r.key, r.stored.body))
            for r in revisions
        ]
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany("INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            if dead:
                self._database.executemany("DELETE FROM revisions WHERE version = ?", [(version,) for version in dead])
                self._set("compacted", str(compacted))
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def fact(self, name: str, value: str | None = None) -> str | None:
        if value is not None:
            self._set(name, value)
            return value
        row = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _set(self, name: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def close(self) -> None:
        self._database.close()


def _checksum(version: int, type_: str, key: Key, body: bytes) -> int:
    return zlib.crc32(f"{version} {type_} {key.resource} {key.namespace} {key.name} ".encode(), zlib.crc32(body))
