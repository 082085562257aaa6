# SPDX-License-Identifier: Apache-2.0
"""The small HTTP server under the sample applications: one handler function, one line of log per request, clean end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Request(NamedTuple):
    """What an application gets to see: method, path with query, headers (case-insensitive), body."""

    method: str
    path: str
    headers: Message
    body: bytes


class Response(NamedTuple):
    """What an application answers."""

    body: str | bytes
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = {}


def serve(application: Callable[[Request], Response], host: str, port: int) -> None:
    """Answer requests with `application` until SIGTERM or SIGINT.

    Raises OSError if the address cannot be bound.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "lateen-sample"
        sys_version = ""
        # Head and body in one write: two would wait for the peer's delayed acknowledgement.
        wbufsize = -1

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            response = application(Request(self.command, self.path, self.headers, self.rfile.read(length)))
            body = response.body.encode() if isinstance(response.body, str) else response.body
            self.send_response(response.status)
            self.send_header("content-type", response.content_type)
            self.send_header("content-length", str(len(body)))
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

        def log_message(self, format: str, *args: object) -> None:
            print(format % args, file=sys.stdout, flush=True)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server((host, port), Handler)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on {server.server_address[0]!s}:{server.server_address[1]}", flush=True)
    with server:
        server.serve_forever(poll_interval=0.2)
