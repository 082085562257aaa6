# SPDX-License-Identifier: Apache-2.0
"""One gRPC stream: requests are read into a session, responses written one at a time. Bytes in, bytes out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol, TypeAlias

import grpc

from lateen.xds.batch import Response
from lateen.xds.refusal import Rejection
from lateen.xds.wire import MalformedRequestError
from lateen.xds.write_budget import SMALL, WriteBudget

_log = logging.getLogger(__name__)

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"


class Outgoing(Protocol):
    """The part of a session that a stream writes from."""

    @property
    def restless(self) -> bool: ...

    def next_response(self) -> Response | None: ...


class Stream:
    """Writes what `session` has to say whenever it is woken, never more than one response at a time."""

    def __init__(self, session: Outgoing, context: Context, budget: WriteBudget) -> None:
        self._session = session
        self._context = context
        self._budget = budget
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """The session may have something to send."""
        self._wake.set()

    async def run(
        self,
        first: bytes,
        receive: Callable[[bytes], list[Rejection]],
        who: str,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        """Hand `first` and everything that is read to `receive`; returns when the client has ended the stream.

        Until `ready` nothing more is read, so that what reconnecting clients say they hold waits at their end.
        """
        while not ready():
            await self._wake.wait()
            self._wake.clear()
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._write_all())
            data: object = first
            while isinstance(data, bytes):
                try:
                    rejections = receive(data)
                except MalformedRequestError as problem:
                    await self._context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"not a discovery request: {problem}")
                for rejection in rejections:
                    _log.warning("%s refused %s: %s", who, rejection.name, rejection.reason)
                if self._session.restless:
                    self._wake.set()
                data = await self._context.read()
            writer.cancel()

    async def _write_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (response := self._session.next_response()) is not None:
                try:
                    if response.size <= SMALL:
                        await self._context.write(response.body())
                    else:
                        async with self._budget.room(response.size):
                            await self._context.write(response.body())
                except grpc.aio.BaseError:
                    return  # The call is over; the reader learns it as well.
