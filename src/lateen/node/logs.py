# SPDX-License-Identifier: Apache-2.0
"""The log of a container: a file of lines `TIME STREAM F|P TEXT` (the format of the Container Runtime Interface).

`F` ends a line, `P` is a part of one that goes on. A full file is renamed to `FILE.1` and begun anew.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

LARGEST = 10 << 20
"""Bytes until a file is rotated."""
LONGEST_LINE = 16 << 10
_FOLLOW = 0.1
"""Seconds between two looks at a file that is followed."""


class LogWriter:
    """Writes what a container prints."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(self._file).st_size
        self._rest: dict[str, bytes] = {}

    def write(self, stream: str, data: bytes, now: str) -> None:
        """Take in bytes of `stdout` or `stderr`; `now` in RFC 3339."""
        *lines, rest = (self._rest.pop(stream, b"") + data).split(b"\n")
        out = [f"{now} {stream} F ".encode() + line + b"\n" for line in lines]
        while len(rest) >= LONGEST_LINE:
            out.append(f"{now} {stream} P ".encode() + rest[:LONGEST_LINE] + b"\n")
            rest = rest[LONGEST_LINE:]
        if rest:
            self._rest[stream] = rest
        self._append(b"".join(out))

    def close(self, now: str) -> None:
        """The streams have ended."""
        self._append(b"".join(f"{now} {stream} F ".encode() + rest + b"\n" for stream, rest in self._rest.items()))
        os.close(self._file)

    def _append(self, data: bytes) -> None:
        if self._size and self._size + len(data) > LARGEST:
            os.close(self._file)
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._size = 0
        os.write(self._file, data)
        self._size += len(data)


def text_of(line: bytes, timestamps: bool) -> bytes:
    """What `kubectl logs` shows for a line of the file."""
    time, _, kind, *text = line.rstrip(b"\n").split(b" ", 3)
    shown = (text[0] if text else b"") + (b"\n" if kind == b"F" else b"")
    return time + b" " + shown if timestamps else shown


async def read_log(
    path: Path, *, follow: bool, timestamps: bool, tail: int | None, since: float | None, ended: asyncio.Event
) -> AsyncIterator[bytes]:
    """The lines of a log; with `follow` until `ended` is set and all is read. Raises OSError without a log."""
    held: list[bytes] = []
    before = path.with_name(path.name + ".1")
    for source in (before, path):
        if source.exists():
            held += source.read_bytes().splitlines(keepends=True)
    if since is not None:
        held = [line for line in held if _time(line) >= since]
    if tail is not None:
        held = held[-tail:] if tail else []
    for line in held:
        yield text_of(line, timestamps)
    if not follow:
        return
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        rest = b""
        while True:
            over = ended.is_set()
            if data := file.read():
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    yield text_of(line, timestamps)
            elif over:
                return
            elif _was_rotated(path, file.fileno()):
                file.close()
                file = path.open("rb")
            else:
                await asyncio.sleep(_FOLLOW)


def _was_rotated(path: Path, file: int) -> bool:
    return path.exists() and path.stat().st_ino != os.fstat(file).st_ino


def _time(line: bytes) -> float:
    return datetime.fromisoformat(line.split(b" ", 1)[0].decode()).timestamp()
