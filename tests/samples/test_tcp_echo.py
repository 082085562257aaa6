# SPDX-License-Identifier: Apache-2.0
"""TCP echo."""

from __future__ import annotations

import re
import socket
import sys

from lateen.samples.children import Children


def test_lines_come_back_behind_the_prefix(children: Children) -> None:
    command = [sys.executable, "-m", "lateen.samples.tcp_echo", "0,0", "two", "--host", "127.0.0.1"]
    children.start("echo", command)
    children.wait_for("echo", r"(?s)listening.*listening on \S+, prefix: two\n")
    ports = re.findall(r"listening on 127\.0\.0\.1:(\d+)", children.log("echo").read_text())
    assert len(set(ports)) == 2
    for port in ports:
        with socket.create_connection(("127.0.0.1", int(port)), 10) as connection, connection.makefile("rwb") as lines:
            for word in (b"hello world\n", b"\xff\n"):
                lines.write(word)
                lines.flush()
                assert lines.readline() == b"two " + word
    children.wait_for("echo", "request: hello world\nresponse: two hello world\n")


def test_a_line_too_long_ends_its_connection_only(children: Children) -> None:
    children.start("echo", [sys.executable, "-m", "lateen.samples.tcp_echo", "0", "--host", "127.0.0.1"])
    port = int(children.wait_for("echo", r"listening on 127\.0\.0\.1:(\d+)")[1])
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"x" * 200_000)
        children.wait_for("echo", "a line of more than")
    with socket.create_connection(("127.0.0.1", port), 10) as connection, connection.makefile("rwb") as lines:
        lines.write(b"a\n")
        lines.flush()
        assert lines.readline() == b"hello a\n"
