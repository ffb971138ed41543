"""A server on loopback that follows a script for each path and notes every request as sent."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

LINGER = 4.0  # seconds; longer than any client needs to see that an answer is complete


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came: `target` and values are the raw bytes, read as Latin-1."""

    path: str  # without the query
    target: str
    fields: tuple[tuple[str, str], ...]
    round: int
    at: float  # seconds of a monotonic clock

    def get(self, name: str) -> str | None:
        """The value of a header field; None without one."""
        return next((value for key, value in self.fields if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; `linger` keeps the connection open until the client closes it."""

    status: str
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delay: float = 0.0  # seconds
    linger: bool = False

    def encoded(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.fields]
        if not self.status.startswith("304"):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


Script = Callable[[int, Request], Answer]  # how many requests came before, and the request


@dataclass(slots=True)
class Recorder:
    """What was asked, in which round, and how long lingering connections were held."""

    scripts: Mapping[str, Script]
    port: int = 0
    round: int = 1
    requests: list[Request] = field(default_factory=list)
    spans: list[tuple[float, float]] = field(default_factory=list)  # begin and end of answers
    held: dict[str, float] = field(default_factory=dict)  # path -> seconds
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, target: str) -> str:
        return f"http://127.0.0.1:{self.port}{target}"

    def of(self, path: str) -> list[Request]:
        """The requests for a path, in order."""
        return [request for request in self.requests if request.path == path]

    def serve(self, connection: socket.socket) -> None:
        """Answer one request."""
        with connection:
            connection.settimeout(10)
            request = self._received(connection)
            if request is None:
                return
            with self._lock:
                before = len(self.of(request.path))
                self.requests.append(request)
            script = self.scripts.get(request.path, _missing)
            answer = script(before, request)
            time.sleep(answer.delay)
            connection.sendall(answer.encoded())
            with self._lock:
                self.spans.append((request.at, time.monotonic()))
            if answer.linger:
                self.held[request.path] = _until_closed(connection)

    def _received(self, connection: socket.socket) -> Request | None:
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(65536)
            if not received:
                return None
            head += received
        first, *rest = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        target = first.split(" ")[1]
        fields = tuple(
            (name, value.strip()) for name, _, value in (line.partition(":") for line in rest)
        )
        return Request(target.partition("?")[0], target, fields, self.round, time.monotonic())


def _missing(_before: int, _request: Request) -> Answer:
    return Answer("404 Not Found")


def _until_closed(connection: socket.socket) -> float:
    began = time.monotonic()
    connection.settimeout(LINGER)
    with suppress(OSError):
        connection.recv(1)
    return time.monotonic() - began


@contextmanager
def recorder(scripts: Mapping[str, Script]) -> Iterator[Recorder]:
    """Serve on a free port until the block ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        state = Recorder(scripts, port=listener.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(listener, state))
        thread.start()
        try:
            yield state
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket, state: Recorder) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(state, connection), daemon=True).start()


def _serve(state: Recorder, connection: socket.socket) -> None:
    with suppress(OSError):  # the client went away
        state.serve(connection)
