# SPDX-License-Identifier: Apache-2.0
"""Process 1 of a cluster: starts the parts, starts each again when it dies, and reaps; nothing else.

When it ends the kernel removes every process and namespace of the cluster.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from lateen.node.syscalls import die_with_parent

FIRST_DELAY = 0.1
"""Seconds until a part that died is started again; doubled up to LAST_DELAY while it does not live for SETTLED."""
LAST_DELAY = 5.0
SETTLED = 10.0
_GRACE = 5.0
"""Seconds for the API to write what it has acknowledged."""


class _Part:
    def __init__(self, run: Callable[[], None]) -> None:
        self.run = run
        self.pid = 0
        self.since = 0.0
        self.delay = 0.0
        self.due = 0.0


def supervise(parts: Mapping[str, Callable[[], None]], stop: int, last: str) -> None:
    """Run the parts until there is something in the pipe `stop`; the part `last` is then told to end and waited for."""
    known = {name: _Part(run) for name, run in parts.items()}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    while True:
        now = time.monotonic()
        for name, part in known.items():
            if not part.pid and now >= part.due:
                part.pid, part.since = _start(name, part.run), now
        waiting = [part.due - now for part in known.values() if not part.pid]
        ready, _, _ = select.select([woken, stop], [], [], max(0.0, min(waiting)) if waiting else None)
        if stop in ready:
            _end(known[last])
            return
        if woken in ready:
            os.read(woken, 4096)
        _reap(known)


def _reap(known: Mapping[str, _Part]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        for name, part in known.items():
            if part.pid == pid:
                now = time.monotonic()
                settled = now - part.since > SETTLED
                part.delay = FIRST_DELAY if settled or not part.delay else min(part.delay * 2, LAST_DELAY)
                part.pid, part.due = 0, now + part.delay
                code = os.waitstatus_to_exitcode(status)
                print(f"{name} ended with {code}; it is started again in {part.delay:g} s", flush=True)


def _start(name: str, run: Callable[[], None]) -> int:
    pid = os.fork()
    if not pid:
        _become(name, run)
    return pid


def _become(name: str, run: Callable[[], None]) -> NoReturn:
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        die_with_parent()
        Path("/proc/self/comm").write_text(f"lateen {name}")
        run()
        code = 0
    except BaseException:  # noqa: BLE001 - a forked process ends here whatever happens
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end(part: _Part) -> None:
    if not part.pid:
        return
    os.kill(part.pid, signal.SIGTERM)
    end = time.monotonic() + _GRACE
    while time.monotonic() < end:
        try:
            if os.waitpid(part.pid, os.WNOHANG)[0] == part.pid:
                return
        except ChildProcessError:
            return
        signal.sigtimedwait([signal.SIGCHLD], 0.05)
