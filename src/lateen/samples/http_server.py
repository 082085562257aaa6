# SPDX-License-Identifier: Apache-2.0
"""The small HTTP server under the sample applications: one handler function, one line of log per request, clean end."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import socket
import socketserver
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

LARGEST_BODY = 32 * 1024 * 1024
"""Bytes; a request with more is refused."""
LAST_WORDS = 20.0
"""Seconds that requests in flight get after SIGTERM; a pod's usual grace period is 30."""
_NO_BODY = (204, 304)


class Request(NamedTuple):
    """What an application gets to see. `path` has the query with it; `headers` do not mind the case of names; `peer` is
    the address of whoever connected."""

    method: str
    path: str
    headers: Message
    body: bytes
    peer: str


class Response(NamedTuple):
    """What an application answers; a header may occur twice."""

    body: str | bytes
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: Sequence[tuple[str, str]] = ()


Application = Callable[[Request], Response]


def json_response(value: object, status: int = 200) -> Response:
    """An answer in JSON: UTF-8, without spaces."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, "application/json; charset=utf-8")


def add_address(parser: argparse.ArgumentParser, port: int) -> None:
    """The options that say where to listen."""
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--socket", type=Path, help="listen on this Unix socket instead")


def serve(application: Application, options: argparse.Namespace) -> None:
    """Answer requests with `application` until SIGTERM or SIGINT; requests in flight are then answered still.

    `options` hold those of `add_address`. Raises OSError if the address cannot be bound.
    """
    server = _unix_server(options.socket) if options.socket else _Server((options.host, options.port), _Handler)
    server.application = application
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    where = options.socket or "{}:{}".format(*server.server_address[:2])
    print(f"listening on {where}", flush=True)
    with contextlib.suppress(SystemExit), server:
        # The end interrupts the wait; only a signal that comes just before it begins has to wait for its end.
        server.serve_forever(poll_interval=2)
    server.finish()


def _end(number: int, frame: object) -> None:
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    application: Application

    def __init__(self, address: tuple[str, int] | str, handler: type[BaseHTTPRequestHandler]) -> None:
        self.ending = False
        self._in_flight = 0
        self._changed = threading.Condition()
        super().__init__(address, handler)  # type: ignore[arg-type]  # a path, where the family is AF_UNIX

    def server_bind(self) -> None:
        """Without the name of the machine, which the standard library would ask DNS for."""
        socketserver.TCPServer.server_bind(self)

    @contextlib.contextmanager
    def in_flight(self) -> Iterator[None]:
        """Around the answer to a request."""
        with self._changed:
            self._in_flight += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def finish(self) -> None:
        """Wait for the requests in flight."""
        self.ending = True
        with self._changed:
            self._changed.wait_for(lambda: not self._in_flight, LAST_WORDS)


class _UnixServer(_Server):
    address_family = socket.AF_UNIX


def _unix_server(path: Path) -> _Server:
    """A socket that an earlier run left behind is replaced, any other file is not."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    return _UnixServer(str(path), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Head and body in one write: two would wait for the peer's delayed acknowledgement.
    wbufsize = -1

    def answer(self) -> None:
        began = time.perf_counter()
        with self.server.in_flight():
            try:
                body = self._body()
            except ValueError as error:
                self.close_connection = True
                response = Response(f"{error}\n", 400, "text/plain")
            else:
                peer = self.client_address[0] if self.client_address else ""
                response = self.server.application(Request(self.command, self.path, self.headers, body, peer))
            size = self._send(response)
            self.wfile.flush()
        took = (time.perf_counter() - began) * 1000
        self.log_message("%s %s %d %.3f ms - %d", self.command, self.path, response.status, took, size)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def _send(self, response: Response) -> int:
        body = response.body.encode() if isinstance(response.body, str) else response.body
        self.send_response(response.status)
        if response.status not in _NO_BODY:
            self.send_header("content-type", response.content_type)
            self.send_header("content-length", str(len(body)))
        for name, value in response.headers:
            self.send_header(name, value)
        if self.server.ending or self.close_connection:
            self.close_connection = True
            self.send_header("connection", "close")
        self.end_headers()
        if self.command == "HEAD" or response.status in _NO_BODY:
            return 0
        self.wfile.write(body)
        return len(body)

    def _body(self) -> bytes:
        """Raises ValueError for a body that is too large or not framed by RFC 9112."""
        if "chunked" not in self.headers.get("transfer-encoding", "").lower():
            return self._read(int(self.headers.get("content-length") or 0), 0)
        body = bytearray()
        while size := int(self.rfile.readline(1024).partition(b";")[0], 16):
            body += self._read(size, len(body))
            self.rfile.readline(3)
        while self.rfile.readline(65536).strip():
            # Trailers, which no sample has a use for.
            continue
        return bytes(body)

    def _read(self, size: int, before: int) -> bytes:
        if not 0 <= size <= LARGEST_BODY - before:
            raise ValueError(f"a body of {before + size} bytes; the most is {LARGEST_BODY}")
        return self.rfile.read(size)

    def version_string(self) -> str:
        """The `server` header."""
        return "lateen-sample"

    def handle_expect_100(self) -> bool:
        """Tell a client that waits for it to send its body."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """The line of a request is written once it is answered."""

    def log_message(self, format: str, *args: object) -> None:
        print(format % args, file=sys.stdout, flush=True)
