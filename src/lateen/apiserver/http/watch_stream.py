# SPDX-License-Identifier: Apache-2.0
"""A watch as a response that does not end: queued events, bookmarks, and an ERROR event for those who fall behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from lateen.apiserver.http.exchange import Exchange
from lateen.apiserver.operations import watching
from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.status import ApiError, bad_request, gone
from lateen.apiserver.watch import Watcher

BOOKMARK_SECONDS = 60.0
LONGEST_SECONDS = 3600.0


class WatchStreams:
    """Every open watch, so that a shutdown can end them."""

    def __init__(self) -> None:
        self._open: set[Callable[[], None]] = set()
        self.closing = False

    def close(self) -> None:
        """End every watch; the clients resume where they were."""
        self.closing = True
        for wake in list(self._open):
            wake()

    async def serve(self, cluster: Cluster, call: Call, exchange: Exchange) -> None:
        """Send events until the client leaves, its time is over or the server stops. Raises ApiError before the
        first.
        """
        awake = asyncio.Event()
        seconds = _timeout(call)
        try:
            watcher = watching.start(cluster, call, awake.set)
        except ApiError as error:
            if error.code != 410:
                raise
            # Too old is said inside the watch, where clients look for it.
            await self._begin(exchange, watching.error_event(error))
            await exchange.send({"type": "http.response.body", "body": b""})
            return
        self._open.add(awake.set)
        gone_away = asyncio.ensure_future(_left(exchange, awake))
        try:
            await self._begin(exchange, watcher.take())
            await self._pump(cluster, call, watcher, awake, gone_away, exchange, seconds)
            if not gone_away.done():
                await exchange.send({"type": "http.response.body", "body": b""})
        finally:
            gone_away.cancel()
            self._open.discard(awake.set)
            cluster.hub.remove(watcher)

    async def _begin(self, exchange: Exchange, frames: bytes) -> None:
        exchange.started = True
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-cache, private")]
        await exchange.send({"type": "http.response.start", "status": 200, "headers": headers})
        await exchange.send({"type": "http.response.body", "body": frames, "more_body": True})

    async def _pump(
        self,
        cluster: Cluster,
        call: Call,
        watcher: Watcher,
        awake: asyncio.Event,
        gone_away: asyncio.Future[None],
        exchange: Exchange,
        seconds: float,
    ) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        bookmarks = call.query.get("allowWatchBookmarks") is not None and call.flag("allowWatchBookmarks")
        due = min(end, loop.time() + BOOKMARK_SECONDS) if bookmarks else end
        timer = loop.call_at(due, awake.set)
        try:
            while not (gone_away.done() or self.closing):
                await awake.wait()
                awake.clear()
                frames = watcher.take()
                if frames:
                    await exchange.send({"type": "http.response.body", "body": frames, "more_body": True})
                if watcher.overflowed:
                    error = gone("too old resource version: the watch fell too far behind")
                    frame = watching.error_event(error)
                    await exchange.send({"type": "http.response.body", "body": frame, "more_body": True})
                    return
                if loop.time() >= due:
                    if due >= end:
                        return
                    frame = watching.bookmark(call, cluster.store.version)
                    await exchange.send({"type": "http.response.body", "body": frame, "more_body": True})
                    due = min(end, loop.time() + BOOKMARK_SECONDS)
                    timer = loop.call_at(due, awake.set)
        finally:
            timer.cancel()


def _timeout(call: Call) -> float:
    """Seconds until the server ends the watch: what was asked for, or half an hour to an hour."""
    text = call.query.get("timeoutSeconds", "")
    if not text or text == "0":
        return random.uniform(LONGEST_SECONDS / 2, LONGEST_SECONDS)
    try:
        return min(max(float(int(text)), 0.0), LONGEST_SECONDS)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


async def _left(exchange: Exchange, awake: asyncio.Event) -> None:
    """Returns when the client has closed the connection."""
    while True:
        message = await exchange.receive()
        if message["type"] == "http.disconnect":
            awake.set()
            return
