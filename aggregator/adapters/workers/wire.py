"""Messages on a stream socket: a tag, a length, and so many bytes."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence

_HEADER = struct.Struct("!BQ")

CALL = 0  # pickled (function, positional, keywords)
RESULT = 1  # pickled value
RAISED = 2  # pickled (exception, traceback as text)
EXHAUSTED = 3  # nothing: the memory ran out, and the process is not to be trusted any more


class ClosedError(Exception):
    """The other side is gone."""


def send(connection: socket.socket, tag: int, pieces: Sequence[bytes]) -> None:
    """Write one message. Raises ClosedError, or TimeoutError if the socket has a timeout."""
    header = _HEADER.pack(tag, sum(len(piece) for piece in pieces))
    try:
        if len(pieces) == 1:
            connection.sendall(header + pieces[0])  # most answers: the reader wakes up once
            return
        connection.sendall(header)
        for piece in pieces:
            connection.sendall(piece)
    except TimeoutError:
        raise
    except OSError as error:
        raise ClosedError(str(error)) from error


def receive(connection: socket.socket, *, until: float | None = None) -> tuple[int, bytearray]:
    """Read one message: its tag and payload.

    `until` is a moment of the monotonic clock. Raises ClosedError, and TimeoutError then.
    """
    tag, size = _HEADER.unpack(_exactly(connection, _HEADER.size, until))
    return tag, _exactly(connection, size, until)


def _exactly(connection: socket.socket, size: int, until: float | None) -> bytearray:
    buffer = bytearray(size)
    view = memoryview(buffer)
    while view:
        _set_timeout(connection, until)
        try:
            count = connection.recv_into(view)
        except TimeoutError:
            raise
        except OSError as error:
            raise ClosedError(str(error)) from error
        if count == 0:
            raise ClosedError("end of stream")
        view = view[count:]
    return buffer


def _set_timeout(connection: socket.socket, until: float | None) -> None:
    if until is None:
        return
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)
