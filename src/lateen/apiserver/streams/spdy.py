# SPDX-License-Identifier: Apache-2.0
"""SPDY/3.1 framing without I/O, as far as port forwarding uses it: streams, headers, data, pings.

Frames (SPDY Protocol, draft 3.1): a control frame begins with 0x8003 and its type, a data frame with its stream number;
then one byte of flags and three of length. Header blocks are zlib streams that share one dictionary and one state.
"""

from __future__ import annotations

import functools
import struct
import zlib
from dataclasses import dataclass
from importlib import resources

_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _GOAWAY, _HEADERS = 1, 2, 3, 6, 7, 8
FIN = 0x01
_LIMIT = 4 * 1024 * 1024
_HEADER_LIMIT = 64 * 1024


class SpdyError(ValueError):
    """The peer does not speak SPDY/3.1."""


@dataclass(frozen=True, slots=True)
class Opened:
    stream: int
    headers: dict[str, str]
    finished: bool


@dataclass(frozen=True, slots=True)
class Data:
    stream: int
    data: bytes
    finished: bool


@dataclass(frozen=True, slots=True)
class Reset:
    stream: int


@dataclass(frozen=True, slots=True)
class Pinged:
    """`answer` is the frame to send back."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class GoneAway:
    pass


Event = Opened | Data | Reset | Pinged | GoneAway


@functools.cache
def _dictionary() -> bytes:
    return resources.files("lateen.apiserver.streams").joinpath("spdy_dictionary.bin").read_bytes()


class Session:
    """One side of a session, the server's: bytes in, events out, and the frames to send."""

    def __init__(self) -> None:
        self._buffer = b""
        self._inflate = zlib.decompressobj(zdict=_dictionary())
        self._deflate = zlib.compressobj(zdict=_dictionary())

    def feed(self, data: bytes) -> list[Event]:
        """What the bytes say. Raises SpdyError."""
        self._buffer += data
        events: list[Event] = []
        while len(self._buffer) >= 8:
            first, second = struct.unpack_from(">II", self._buffer)
            flags, length = second >> 24, second & 0xFFFFFF
            if length > _LIMIT:
                raise SpdyError(f"a frame of {length} bytes")
            if len(self._buffer) < 8 + length:
                break
            body, self._buffer = self._buffer[8 : 8 + length], self._buffer[8 + length :]
            is_control = first & 0x80000000
            event = self._control(first, flags, body) if is_control else Data(first, body, bool(flags & FIN))
            if event is not None:
                events.append(event)
        return events

    def _control(self, first: int, flags: int, body: bytes) -> Event | None:
        if (first >> 16) & 0x7FFF != 3:
            raise SpdyError(f"version {(first >> 16) & 0x7FFF} is not 3")
        kind = first & 0xFFFF
        try:
            if kind == _SYN_STREAM:
                (stream,) = struct.unpack_from(">I", body)
                return Opened(stream & 0x7FFFFFFF, self._headers(body[10:]), bool(flags & FIN))
            if kind in (_SYN_REPLY, _HEADERS):
                # The state of the decompressor must see every block.
                self._headers(body[4:])
            elif kind == _RST_STREAM:
                (stream,) = struct.unpack_from(">I", body)
                return Reset(stream & 0x7FFFFFFF)
            elif kind == _PING:
                return Pinged(struct.pack(">HHI", 0x8003, _PING, 4) + body[:4])
            elif kind == _GOAWAY:
                return GoneAway()
        except (struct.error, zlib.error, UnicodeDecodeError) as error:
            raise SpdyError(str(error)) from None
        return None

    def _headers(self, block: bytes) -> dict[str, str]:
        data = self._inflate.decompress(block, _HEADER_LIMIT)
        if self._inflate.unconsumed_tail:
            raise SpdyError("headers are too large")
        (count,) = struct.unpack_from(">I", data)
        position = 4
        found: dict[str, str] = {}
        for _ in range(count):
            name, position = _text(data, position)
            value, position = _text(data, position)
            found[name.lower()] = value
        return found

    def reply(self, stream: int) -> bytes:
        """The frame that accepts a stream."""
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return struct.pack(">HHI", 0x8003, _SYN_REPLY, 4 + len(block)) + struct.pack(">I", stream) + block


def data_frame(stream: int, data: bytes, *, finished: bool = False) -> bytes:
    return struct.pack(">II", stream, (FIN if finished else 0) << 24 | len(data)) + data


def reset_frame(stream: int, status: int = 5) -> bytes:
    """End a stream at once; 5 says that its sender does not want it any more."""
    return struct.pack(">HHIII", 0x8003, _RST_STREAM, 8, stream, status)


def _text(data: bytes, position: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">I", data, position)
    position += 4
    if position + length > len(data):
        raise SpdyError("a header is cut short")
    return data[position : position + length].decode(), position + length
