# SPDX-License-Identifier: Apache-2.0
"""Serving documents to proxies, until told to stop."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from lateen.app.certificates import Certificates
from lateen.app.control_plane import ControlPlane, Update
from lateen.model.diagnostic import Diagnostic
from lateen.parse.change import Change
from lateen.xds.server import XdsServer

Say = Callable[[str], None]

SECRET_KINDS = frozenset({"Secret", "ConfigMap"})
"""Kinds of which a change may be a change of a proxy's secrets."""


class Source(Protocol):
    """Where documents come from: a folder (`files`) or a Kubernetes API (`kube`)."""

    def changes(self) -> AsyncIterator[list[Change]]:
        """All objects at first, then what is different, for ever."""

    def diagnostics(self) -> list[Diagnostic]:
        """What is wrong with the documents that are there."""


class Service:
    """The control plane on a source of documents. `say` gets one line for every change, and one for everything that is
    wrong."""

    def __init__(self, source: Source, plane: ControlPlane, certificates: Certificates, say: Say) -> None:
        self._source = source
        self.server = XdsServer(plane, certificates.source)
        self.serving = asyncio.Event()
        """Set when the first documents were taken in: from now on there is something to serve."""
        self._plane = plane
        self._certificates = certificates
        self._say = say
        self._told: set[Diagnostic] = set()

    async def run(self, xds_address: str) -> None:
        """Take in the documents, serve them, and follow their changes until cancelled.

        Raises xds.server.ListenError if the address cannot be listened on.
        """
        rotation: asyncio.Task[None] | None = None
        try:
            async for changes in self._source.changes():
                started = time.perf_counter()
                update = self._plane.apply(changes)
                if rotation is None:
                    seconds = time.perf_counter() - started
                    self._say(f"took in {len(changes)} objects in {1000 * seconds:.0f} ms")
                    self._say(f"serving xDS on {await self.server.listen(xds_address)}")
                    # What was just built stays: the collector need not walk through it after an edit.
                    gc.collect()
                    gc.freeze()
                    gc.set_threshold(100_000, 20, 100)
                    self.serving.set()
                    rotation = asyncio.create_task(self._certificates.keep_fresh(self.server))
                else:
                    self.server.publish(update.snapshots)
                    if any(change.ref.kind in SECRET_KINDS for change in changes):
                        self.server.secrets_changed()
                    if update.objects:
                        self._tell_change(changes, update, time.perf_counter() - started)
                self._tell_diagnostics()
        finally:
            if rotation is not None:
                rotation.cancel()
            await self.server.stop(grace=0.5)

    def _tell_change(self, changes: list[Change], update: Update, seconds: float) -> None:
        first = changes[0]
        verb = "removed" if first.parsed is None else "changed"
        what = f"{verb} {first.ref.kind} {first.ref.namespace}/{first.ref.name}"
        if len(changes) > 1:
            what += f" and {len(changes) - 1} more"
        proxies = len(update.snapshots)
        self._say(
            f"{what}: {update.objects} object{'s' * (update.objects != 1)}, "
            f"{update.resources} resource{'s' * (update.resources != 1)}, "
            f"{proxies} prox{'y' if proxies == 1 else 'ies'}, {1000 * seconds:.1f} ms"
        )

    def _tell_diagnostics(self) -> None:
        """Say what is wrong now and was not before, and what has been mended."""
        now = dict.fromkeys(
            [*self._source.diagnostics(), *self._plane.diagnostics(), *self._certificates.source.diagnostics()]
        )
        for diagnostic in now:
            if diagnostic not in self._told:
                self._say(str(diagnostic))
        mended = len(self._told - now.keys())
        if mended:
            self._say(f"{mended} finding{'s' * (mended != 1)} mended, {len(now)} left")
        self._told = set(now)


async def until_stopped(work: asyncio.Task[None], stop: asyncio.Event) -> None:
    """Run `work` until it ends by itself (its exception is raised) or `stop` is set."""
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait((work, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if work.done():
        work.result()
        return
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
