# SPDX-License-Identifier: Apache-2.0
"""Logs, exec and port-forward with the real kubectl, against real processes."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import threading
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib import resources
from pathlib import Path

import pytest

from lateen.apiserver.server import ApiServer, Config
from lateen.apiserver.streams import spdy


class Command:
    """A process of the host."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.queue: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()
        self.open = 2
        self.tasks = [asyncio.create_task(self.pump(n, s)) for n, s in ((1, process.stdout), (2, process.stderr))]

    async def pump(self, number: int, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        while data := await stream.read(4096):
            await self.queue.put((number, data))
        await self.queue.put(None)

    async def read(self) -> tuple[int, bytes] | None:
        while self.open:
            item = await self.queue.get()
            if item is not None:
                return item
            self.open -= 1
        return None

    async def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        await self.process.stdin.drain()

    async def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    async def resize(self, width: int, height: int) -> None: ...

    async def wait(self) -> int:
        return await self.process.wait()

    async def kill(self) -> None:
        self.process.kill()


class Link:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def read(self) -> bytes:
        return await self.reader.read(65536)

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def close_write(self) -> None:
        self.writer.write_eof()

    async def close(self) -> None:
        self.writer.close()


class Host:
    """Runs what is asked for on this machine."""

    async def logs(
        self, namespace: str, pod: str, container: str, *, tail: int | None, **more: object
    ) -> AsyncIterator[bytes]:
        lines = [f"{pod}/{container} line {number}\n".encode() for number in range(5)]
        for line in lines[-tail if tail else 0 :]:
            yield line

    async def execute(
        self, namespace: str, pod: str, container: str, command: Sequence[str], *, stdin: bool, tty: bool
    ) -> Command:
        pipe = asyncio.subprocess.PIPE
        return Command(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe))

    async def connect(self, namespace: str, pod: str, port: int) -> Link:
        return Link(*await asyncio.open_connection("127.0.0.1", port))


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A server of this process in a thread, with a pod that runs."""
    folder = tmp_path_factory.mktemp("streams")
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with ApiServer(Config(data=folder, port=0, streams=Host())):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(20)
    yield folder / "kubeconfig"
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)


@pytest.fixture(scope="module")
def run(kubectl: str, kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    home = str(tmp_path_factory.mktemp("home"))

    def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        command = [kubectl, "--kubeconfig", str(kubeconfig), *arguments]
        environment = {"HOME": home, "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=30, env=environment, check=False
        )

    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    pod["spec"] = {"nodeName": "n", "containers": [{"name": "c", "image": "i"}, {"name": "d", "image": "i"}]}  # type: ignore[assignment]
    assert run("create", "sa", "default").returncode == 0
    created = run("create", "-f", "-", text=json.dumps(pod))
    assert created.returncode == 0, created.stderr
    status = run("patch", "pod", "p", "--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Running"}}')
    assert status.returncode == 0, status.stderr
    yield run


def test_logs(run: object) -> None:
    assert run("logs", "p", "-c", "d", "--tail=2").stdout == "p/d line 3\np/d line 4\n"  # type: ignore[operator]
    refused = run("logs", "p", "-c", "nope")  # type: ignore[operator]
    assert "container nope is not valid for pod p" in refused.stderr


def test_exec_carries_output_input_and_exit_codes(run: object) -> None:
    done = run("exec", "p", "-c", "c", "--", "sh", "-c", "echo out; echo err >&2; exit 7")  # type: ignore[operator]
    assert (done.returncode, done.stdout) == (7, "out\n") and "err\n" in done.stderr
    echoed = run("exec", "-i", "p", "-c", "c", "--", "cat", text="hello\n" * 5000)  # type: ignore[operator]
    assert echoed.stdout == "hello\n" * 5000
    missing = run("exec", "p", "-c", "c", "--", "/no/such/command")  # type: ignore[operator]
    assert missing.returncode != 0 and "No such file" in missing.stderr


def test_port_forward(kubectl: str, kubeconfig: Path, run: object, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def answer() -> None:
            for _ in range(3):
                connection, _ = listening.accept()
                with connection:
                    connection.sendall(connection.recv(1000).upper())

        threading.Thread(target=answer, daemon=True).start()
        command = [kubectl, "--kubeconfig", str(kubeconfig), "port-forward", "pod/p", f":{port}"]
        environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as forwarding:
            assert forwarding.stdout is not None
            local = int(forwarding.stdout.readline().split(" -> ")[0].rpartition(":")[2])
            try:
                for number in range(3):
                    with socket.create_connection(("127.0.0.1", local), timeout=10) as connection:
                        connection.sendall(f"hello {number}".encode())
                        assert connection.recv(100) == f"HELLO {number}".encode()
            finally:
                forwarding.terminate()


def opening(stream: int, headers: dict[str, str], packer: zlib._Compress) -> bytes:
    block = struct.pack(">I", len(headers))
    for name, value in headers.items():
        block += struct.pack(">I", len(name)) + name.encode() + struct.pack(">I", len(value)) + value.encode()
    packed = packer.compress(block) + packer.flush(zlib.Z_SYNC_FLUSH)
    body = struct.pack(">IIH", stream, 0, 0) + packed
    return struct.pack(">HHI", 0x8003, 1, len(body)) + body


def test_spdy_frames_in_any_portions() -> None:
    dictionary = resources.files("lateen.apiserver.streams").joinpath("spdy_dictionary.bin").read_bytes()
    packer = zlib.compressobj(zdict=dictionary)
    frames = opening(1, {"streamType": "error", "port": "80"}, packer) + opening(3, {"streamtype": "data"}, packer)
    frames += spdy.data_frame(3, b"hello", finished=True) + struct.pack(">HHII", 0x8003, 6, 4, 9)
    session = spdy.Session()
    events = [event for byte in frames for event in session.feed(bytes([byte]))]
    assert events[0] == spdy.Opened(1, {"streamtype": "error", "port": "80"}, False)
    assert events[2] == spdy.Data(3, b"hello", True)
    assert isinstance(events[3], spdy.Pinged) and events[3].answer.endswith(b"\x00\x00\x00\x09")


@pytest.mark.parametrize(
    "frames",
    [
        b"\x80\x02\x00\x01\x00\x00\x00\x00",
        b"\x00\x00\x00\x01\x00\xff\xff\xff",
        b"\x80\x03\x00\x01\x00\x00\x00\x0ejunkjunkjunkju",
    ],
)
def test_spdy_refuses_what_it_is_not(frames: bytes) -> None:
    with pytest.raises(spdy.SpdyError):
        spdy.Session().feed(frames)
