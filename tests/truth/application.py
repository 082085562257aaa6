# SPDX-License-Identifier: Apache-2.0
"""The application on every port of every serving pod: it answers HTTP and bytes, and says who and where it is."""

from __future__ import annotations

import asyncio
import re

from tests.mesh.traffic import http_server
from tests.mesh_namespaces import Handler

_HTTP = re.compile(rb"[A-Z]+ ")
_TLS_RECORD = b"\x16"
PREFIX = "from "


def application(name: str) -> Handler:
    """Answers HTTP/1.1 and HTTP/2 as `http_server(name)`, bytes with `from NAME`, and hangs up on TLS."""
    serve_http = http_server(name)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.read(65536)
            if _HTTP.match(first):
                await serve_http(_Resumed(first, reader), writer)
            elif first and not first.startswith(_TLS_RECORD):
                writer.write(f"{PREFIX}{name}".encode())
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    return serve


class _Resumed(asyncio.StreamReader):
    """A reader whose first bytes have been looked at."""

    def __init__(self, first: bytes, rest: asyncio.StreamReader) -> None:
        super().__init__()
        self._first = first
        self._rest = rest

    async def read(self, n: int = -1) -> bytes:
        first, self._first = self._first, b""
        return first or await self._rest.read(n)
