# SPDX-License-Identifier: Apache-2.0
"""One supervised Envoy: started, started again when it dies, and ended gently."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from lateen.node.envoy_binary import envoy_binary

FIRST_DELAY = 0.1
"""Seconds until a dead Envoy is started again; doubled each time up to LAST_DELAY."""
LAST_DELAY = 10.0
SETTLED = 10.0
"""An Envoy that lived for so many seconds is started again without delay."""


class SupervisedEnvoy:
    """An Envoy that is kept running.

    `folder` (private to this proxy) gets its bootstrap, its log and the address of its admin API. `said` is told, in
    one line each, what happens to the process.
    """

    def __init__(
        self,
        bootstrap: str,
        folder: Path,
        *,
        arguments: Sequence[str] = (),
        drain_seconds: float = 5.0,
        said: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._bootstrap = bootstrap
        self._folder = folder
        self._arguments = arguments
        self._drain = drain_seconds
        self._said = said
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self.log = folder / "envoy.log"
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The process id of the Envoy that runs now."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def admin(self) -> str | None:
        """`HOST:PORT` of the admin API once Envoy has bound it."""
        path = self._folder / "admin-address"
        return path.read_text().strip() or None if path.exists() else None

    async def run(self) -> None:
        """Keep Envoy running until `stop` is called.

        Raises EnvoyMissingError if there is no Envoy to run.
        """
        binary = envoy_binary()
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "bootstrap.json"
        config.write_text(self._bootstrap)
        delay = FIRST_DELAY
        clock = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            (self._folder / "admin-address").unlink(missing_ok=True)
            started = clock()
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    str(binary),
                    "--config-path",
                    str(config),
                    # With hot restart Envoy would end together with the thread that started it.
                    "--disable-hot-restart",
                    "--admin-address-path",
                    str(self._folder / "admin-address"),
                    *self._arguments,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self._said(f"Envoy runs as process {self._process.pid}, log {self.log}")
            stop = asyncio.create_task(self._stopping.wait())
            gone = asyncio.create_task(self._process.wait())
            await asyncio.wait((stop, gone), return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set():
                stop.cancel()
                await self._end(gone)
                return
            stop.cancel()
            self.restarts += 1
            if clock() - started > SETTLED:
                delay = FIRST_DELAY
            self._said(f"Envoy ended with {gone.result()}; starting it again in {delay:g} s (see {self.log})")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
            delay = min(delay * 2, LAST_DELAY)

    async def stop(self) -> None:
        """Let requests in flight finish (for at most the drain time), then end Envoy; `run` returns."""
        self._stopping.set()

    async def _end(self, gone: asyncio.Task[int]) -> None:
        assert self._process is not None
        admin = self.admin
        if admin and self._drain:
            with contextlib.suppress(httpx.HTTPError):
                async with httpx.AsyncClient(base_url=f"http://{admin}", timeout=2, trust_env=False) as client:
                    await client.post("/drain_listeners?graceful&skip_exit")
                    await self._idle(client)
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(asyncio.shield(gone), 5)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await gone

    async def _idle(self, client: httpx.AsyncClient) -> None:
        """Wait until no request is active, or the drain time is over."""
        clock = asyncio.get_running_loop().time
        end = clock() + self._drain
        while clock() < end:
            reply = await client.get(
                "/stats", params={"format": "json", "filter": r"^http\.(?!admin).*downstream_rq_active$"}
            )
            if not any(s.get("value", 0) for s in reply.json()["stats"]):
                return
            await asyncio.sleep(0.05)
