# SPDX-License-Identifier: Apache-2.0
"""GET pods/NAME/log: the log as a response that may not end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from lateen.apiserver.http.exchange import Exchange
from lateen.apiserver.operations.call import Call, Reply
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.operations.read import find
from lateen.apiserver.schema import times
from lateen.apiserver.status import ApiError, bad_request
from lateen.apiserver.streams.pod_streams import PodStreams
from lateen.apiserver.streams.target import NO_STREAMS, check_started, container_of, unavailable


async def logs(cluster: Cluster, streams: PodStreams | None, call: Call, exchange: Exchange) -> None:
    """Send the log of a container. Raises ApiError before the first byte."""
    pod = find(cluster, call).document()
    container = container_of(call, pod)
    if not pod["spec"].get("nodeName"):
        # Nobody runs it yet: there is nothing to read, which is no error.
        await exchange.reply(Reply(200, b"", content_type="text/plain"))
        return
    check_started(call, pod, container)
    if streams is None:
        raise ApiError(503, "ServiceUnavailable", NO_STREAMS)
    chunks = streams.logs(
        call.namespace,
        call.name,
        container,
        follow=call.flag("follow"),
        previous=call.flag("previous"),
        timestamps=call.flag("timestamps"),
        tail=_number(call, "tailLines"),
        since=_since(call, cluster.now()),
        limit=_number(call, "limitBytes"),
    )
    sending = asyncio.ensure_future(_send(chunks, exchange))
    leaving = asyncio.ensure_future(_left(exchange))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
    except OSError as error:
        if not exchange.started:
            raise unavailable(error) from None
        await exchange.send({"type": "http.response.body", "body": b""})
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _send(chunks: AsyncIterator[bytes], exchange: Exchange) -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-cache, private")]
    async for chunk in chunks:
        if not exchange.started:
            exchange.started = True
            await exchange.send({"type": "http.response.start", "status": 200, "headers": headers})
        await exchange.send({"type": "http.response.body", "body": chunk, "more_body": True})
    if not exchange.started:
        exchange.started = True
        await exchange.send({"type": "http.response.start", "status": 200, "headers": headers})
    await exchange.send({"type": "http.response.body", "body": b""})


async def _left(exchange: Exchange) -> None:
    while (await exchange.receive())["type"] != "http.disconnect":
        pass


def _number(call: Call, name: str) -> int | None:
    text = call.query.get(name)
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _since(call: Call, now: datetime) -> float | None:
    seconds = _number(call, "sinceSeconds")
    if seconds is not None:
        return now.timestamp() - seconds
    text = call.query.get("sinceTime")
    if not text:
        return None
    try:
        return times.parse(text).timestamp()
    except times.TimeError as error:
        raise bad_request(str(error)) from None
