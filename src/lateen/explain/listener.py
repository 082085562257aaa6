# SPDX-License-Identifier: Apache-2.0
"""The choice of a listener: where the connection is accepted, and where its original destination takes it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any as Message

from msgspec import Struct

from lateen.explain.address import Address, parse_ip, written
from lateen.explain.connection import Connection
from lateen.explain.decision import Failure, Listener, Problem, Rejected
from lateen.explain.filter_chain import FilterChains
from lateen.explain.listener_filter import run
from lateen.explain.request import Request

_TCP = 0


class CompiledListener:
    """One listener: its addresses, and its filter chains when first needed."""

    def __init__(self, config: Message) -> None:
        self.config = config
        self.name: str = config.name
        unbound = config.HasField("bind_to_port") and not config.bind_to_port.value
        v1 = config.deprecated_v1
        self.bound = not unbound and not (v1.HasField("bind_to_port") and not v1.bind_to_port.value)
        addresses = [config.address, *(a.address for a in config.additional_addresses)]
        self.written = ", ".join(written(a) for a in addresses)
        self.sockets = tuple(
            a.socket_address
            for a in addresses
            if a.WhichOneof("address") == "socket_address" and a.socket_address.protocol == _TCP
        )

    @cached_property
    def chains(self) -> FilterChains:
        """Its filter chains, parsed."""
        return FilterChains(self.config)


class Accepted(Struct, frozen=True):
    """The listener that serves the connection, the connection's state by then, and the hops so far."""

    listener: CompiledListener | None
    connection: Connection
    hops: tuple[Listener, ...]
    failure: Failure | None = None


class Listeners:
    """A proxy's listeners by address."""

    def __init__(self, listeners: Iterable[CompiledListener]) -> None:
        self.all = tuple(listeners)
        self.bound: dict[tuple[str, int], CompiledListener] = {}
        self.every: dict[tuple[str, int], CompiledListener] = {}
        compatible: list[tuple[tuple[str, int], CompiledListener]] = []
        for listener in self.all:
            for socket in listener.sockets:
                key = _key(socket.address, socket.port_value)
                self._add(key, listener)
                if key[0] == "::" and socket.ipv4_compat:
                    compatible.append((("0.0.0.0", key[1]), listener))
        for key, listener in compatible:
            self._add(key, listener)

    def _add(self, key: tuple[str, int], listener: CompiledListener) -> None:
        self.every.setdefault(key, listener)
        if listener.bound:
            self.bound.setdefault(key, listener)

    def at(self, address: Address, bound: bool) -> CompiledListener | None:
        """The listener at exactly this address, else at the wildcard address of its family and port."""
        table = self.bound if bound else self.every
        ip, port = _key(address.ip, address.port)
        return table.get((ip, port)) or table.get(("::" if ":" in ip else "0.0.0.0", port))

    def accept(self, request: Request, why: bool) -> Accepted:
        """Follow the connection from its acceptance to the listener that serves it."""
        arrival = request.redirected_to or request.destination
        connection = Connection(local=arrival, source=request.source, direct_source=request.source)
        listener = self.at(arrival, bound=True)
        if listener is None:
            others = tuple(Rejected(o.name, _other(o, arrival)) for o in self.all) if why else ()
            hops = (Listener("", str(arrival), "nothing listens there", rejected=others),) if why else ()
            return Accepted(None, connection, hops, Failure(Problem.NO_LISTENER, f"nothing listens on {arrival}"))
        step = run(listener.config, connection, request, header_read=False)
        because = f"it accepts connections to {arrival}"
        hop = Listener(listener.name, listener.written, because, step.filters, self._rejected(listener, arrival, why))
        if step.failure is not None:
            return Accepted(listener, step.connection, (hop,), step.failure)
        if not (listener.config.use_original_dst.value and step.connection.restored):
            return Accepted(listener, step.connection, (hop,))
        target = self.at(step.connection.local, bound=False)
        if target is None or target is listener:
            return Accepted(listener, step.connection, (hop,))
        step = run(target.config, step.connection, request, step.header_read)
        because = f"handed over: the original destination is {step.connection.local}"
        rejected = self._rejected(target, step.connection.local, why)
        second = Listener(target.name, target.written, because, step.filters, rejected)
        return Accepted(target, step.connection, (hop, second), step.failure)

    def _rejected(self, chosen: CompiledListener, address: Address, why: bool) -> tuple[Rejected, ...]:
        return tuple(Rejected(o.name, _other(o, address)) for o in self.all if o is not chosen) if why else ()


def _key(ip: str, port: int) -> tuple[str, int]:
    parsed = parse_ip(ip)
    return (str(parsed) if parsed is not None else ip, port)


def _other(listener: CompiledListener, address: Address) -> str:
    if not listener.bound and any(s.port_value == address.port for s in listener.sockets):
        return f"its address is {listener.written}, to which it is not bound"
    return f"its address is {listener.written}, not {address}"
