# SPDX-License-Identifier: Apache-2.0
"""The server under the applications: framing, Unix sockets, and an end that answers what it has begun."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import httpx

from lateen.samples.children import Children
from tests.samples.conftest import Start

SLOW = """
import argparse, sys
from pathlib import Path
from lateen.samples.http_server import Response, add_address, serve
parser = argparse.ArgumentParser()
add_address(parser, 0)
def answer(request):
    print(f"process {__import__('os').getpid()} has begun", flush=True)
    return Response(Path(sys.argv[1]).read_text())
serve(answer, parser.parse_args(["--host", "127.0.0.1"]))
"""


def exchange(address: str, request: bytes) -> bytes:
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(request)
        answer = b""
        while received := connection.recv(65536):
            answer += received
    return answer


def test_chunked_body(start: Start) -> None:
    def chunks() -> object:
        yield b"in two "
        yield b"pieces"

    reply = httpx.put(f"http://{start('httpbin')}/anything", content=chunks())
    assert reply.json()["data"] == "in two pieces"


def test_bad_framing(start: Start) -> None:
    address = start("httpbin")
    for header in ("content-length: -1", "content-length: x", f"content-length: {1 << 40}"):
        answer = exchange(address, f"POST /post HTTP/1.1\r\nhost: a\r\n{header}\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 400 "), header
    answer = exchange(address, b"POST /post HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert httpx.get(f"http://{address}/get").status_code == 200


def test_expect_continue(start: Start) -> None:
    answer = exchange(
        start("httpbin"),
        b"POST /post HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi",
    )
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")


def test_unix_socket(children: Children, tmp_path: Path) -> None:
    # The name of a Unix socket is short; a temporary folder's may not be.
    path = Path(os.path.relpath(tmp_path / "s", tmp_path))
    command = [sys.executable, "-m", "lateen.samples.greeter", "--socket", str(path)]
    children.start("greeter", ["sh", "-c", 'cd "$0" && exec "$@"', str(tmp_path), *command])
    children.wait_for("greeter", "listening on s")
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds="s")) as client:
            assert client.get("http://greeter/hello").json()["version"] == "1.0.0"
    finally:
        os.chdir(before)


def test_request_in_flight_is_answered(children: Children, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    children.start("slow", [sys.executable, "-c", SLOW, str(pipe)])
    port = int(children.wait_for("slow", r"listening on 127\.0\.0\.1:(\d+)")[1])
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        process = int(children.wait_for("slow", r"process (\d+) has begun")[1])
        os.kill(process, signal.SIGTERM)
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 10).close()
            except ConnectionRefusedError:
                break
        pipe.write_text("the answer")
        answer = b""
        while received := connection.recv(65536):
            answer += received
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer
    assert answer.endswith(b"the answer")
