# SPDX-License-Identifier: Apache-2.0
"""The init of a pod: it lives in the pod's network namespace, starts its containers, keeps their logs and remembers how
they ended. It survives the node agent, so that a new one finds the pod as it is.

One thread, one loop; requests come over FOLDER/init.sock (`wire`): start, signal, state, watch, execute, socket,
capture.
"""

from __future__ import annotations

import contextlib
import os
import pty
import selectors
import signal
import socket
import termios
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from lateen.node import process
from lateen.node.container import Container, Exit, Run
from lateen.node.logs import LogWriter
from lateen.node.wire import Wire, listen

SOCKET = "init.sock"
_READ = 1 << 16


class PodInit:
    """The pod's state and its requests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._selector = selectors.DefaultSelector()
        self._runs: dict[str, Run] = {}
        self._environments: dict[str, dict[str, str]] = {}
        self._watchers: list[Wire] = []
        self._executions: dict[int, Wire] = {}
        self._listening = listen(folder / SOCKET)
        self._over = False

    def run(self) -> None:
        """Serve until `end` is asked for."""
        woken, wake = socket.socketpair()
        for end in (woken, wake):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._listening, selectors.EVENT_READ, self._accept)
        self._selector.register(woken, selectors.EVENT_READ, lambda: woken.recv(_READ))
        while not self._over:
            for key, _ in self._selector.select():
                key.data()
            self._reap()

    def _accept(self) -> None:
        connection, _ = self._listening.accept()
        wire = Wire(connection)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._serve(wire))

    def _serve(self, wire: Wire) -> None:
        try:
            request, _ = wire.receive()
        except OSError:
            request = None
        if request is None:
            self._drop(wire)
            return
        do: Callable[..., None] = getattr(self, "_do_" + request.pop("do"))
        try:
            do(wire, **request)
        except OSError as error:
            with contextlib.suppress(OSError):
                wire.send({"error": str(error)})

    def _drop(self, wire: Wire) -> None:
        self._selector.unregister(wire.connection)
        wire.connection.close()
        if wire in self._watchers:
            self._watchers.remove(wire)
        for pid in [pid for pid, owner in self._executions.items() if owner is wire]:
            # Nobody listens to it any more.
            del self._executions[pid]
            _signal(pid, signal.SIGKILL)

    # -- requests -----------------------------------------------------------------------------------------------------

    def _do_start(self, wire: Wire, container: dict[str, Any]) -> None:
        wanted = msgspec.convert(container, Container)
        before = self._runs.get(wanted.name)
        if before is not None and before.ended is None:
            wire.send({"run": msgspec.to_builtins(before)})
            return
        outputs = [os.pipe(), os.pipe()]
        writer = LogWriter(Path(wanted.log))
        try:
            pid = process.start(wanted, outputs[0][1], outputs[1][1])
        except OSError:
            writer.close(_now())
            for reading, _ in outputs:
                os.close(reading)
            raise
        finally:
            for _, writing in outputs:
                os.close(writing)
        streams = {reading: stream for (reading, _), stream in zip(outputs, ("stdout", "stderr"), strict=True)}
        for reading, stream in streams.items():
            self._selector.register(
                reading,
                selectors.EVENT_READ,
                lambda reading=reading, stream=stream: self._log(reading, stream, writer, streams),
            )
        self._environments[wanted.name] = wanted.environment
        run = self._runs[wanted.name] = Run(wanted.name, wanted.attempt, pid, time.time())
        wire.send({"run": msgspec.to_builtins(run)})

    def _log(self, reading: int, stream: str, writer: LogWriter, streams: dict[int, str]) -> None:
        data = os.read(reading, _READ)
        if data:
            writer.write(stream, data, _now())
            return
        self._selector.unregister(reading)
        os.close(reading)
        del streams[reading]
        if not streams:
            writer.close(_now())

    def _do_signal(self, wire: Wire, name: str, number: int) -> None:
        run = self._runs.get(name)
        if run is not None and run.ended is None:
            _signal(run.pid, number)
        wire.send({})

    def _do_state(self, wire: Wire) -> None:
        wire.send({"runs": [msgspec.to_builtins(run) for run in self._runs.values()]})

    def _do_watch(self, wire: Wire) -> None:
        self._watchers.append(wire)
        self._do_state(wire)

    def _do_execute(self, wire: Wire, name: str, command: list[str], terminal: bool) -> None:
        """A command in a container, with its environment. The answer has our ends: of stdin, stdout and
        stderr, or of the terminal. Later comes `{"code": N}`."""
        run = self._runs.get(name)
        if run is None or run.ended is not None:
            raise OSError(f"container {name} does not run")
        environment = self._environments[name]
        if terminal:
            environment = {"TERM": "xterm", **environment}
            ours, theirs = pty.openpty()
            mine, files = [ours], (theirs, theirs, theirs)
        else:
            pipes = [os.pipe(), os.pipe(), os.pipe()]
            mine = [pipes[0][1], pipes[1][0], pipes[2][0]]
            files = (pipes[0][0], pipes[1][1], pipes[2][1])
        try:
            pid = process.execute_in(run.pid, command, environment, files, terminal)
            self._executions[pid] = wire
            wire.send({"pid": pid}, mine)
        finally:
            for file in {*mine, *files}:
                os.close(file)

    def _do_socket(self, wire: Wire) -> None:
        """A TCP socket of the pod."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
            wire.send({}, [made.fileno()])

    def _do_end(self, wire: Wire) -> None:
        """Kill what is left, and end."""
        for run in self._runs.values():
            if run.ended is None:
                _signal(run.pid, signal.SIGKILL)
        for pid in self._executions:
            _signal(pid, signal.SIGKILL)
        wire.send({})
        self._over = True

    # -- the ends of processes ----------------------------------------------------------------------------------------

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            self._ended(pid, code if code >= 0 else 128 - code)

    def _ended(self, pid: int, code: int) -> None:
        if pid in self._executions:
            with contextlib.suppress(OSError):
                self._executions.pop(pid).send({"code": code})
            return
        for name, run in self._runs.items():
            if run.pid == pid:
                self._runs[name] = msgspec.structs.replace(run, ended=Exit(code, time.time()))
                for watcher in list(self._watchers):
                    with contextlib.suppress(OSError):
                        self._do_state(watcher)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def resize_terminal(file: int, width: int, height: int) -> None:
    """Tell a terminal its size in characters."""
    termios.tcsetwinsize(file, (height, width))
