"""The pool's view of its processes: the nursery it starts, the workers it gets from there.

Everything here blocks, and is called from the pool's threads only.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from threading import Lock

from aggregator.adapters.workers import wire
from aggregator.adapters.workers.nursery import ANSWER, BURY, HATCH, ORDER, Bounds
from aggregator.core.errors import ParseError

_ORDER_SECONDS = 10.0  # a nursery that takes longer is dead
_START_SECONDS = 60.0  # importing, on a busy machine
_BOOT = (
    "import sys; sys.path[:] = {path!r}; "
    "from aggregator.adapters.workers.nursery import Bounds, main; "
    "main({control}, {preload!r}, {bounds!r})"
)
# Workers read hostile input: they get no secrets from the environment.
_PASSED_ON = ("PATH", "LANG", "LC_", "LD_LIBRARY_PATH", "PYTHON")


class Nursery:
    """A started nursery. Raises RuntimeError when a module to preload cannot be imported."""

    def __init__(self, preload: Sequence[str], bounds: Bounds) -> None:
        self._lock = Lock()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = _start(theirs.fileno(), preload=preload, bounds=bounds)
        self.is_alive = True
        try:
            self._await_ready()
        except BaseException:
            self.close()
            raise

    def _await_ready(self) -> None:
        try:
            tag, answer = wire.receive(self._control, until=time.monotonic() + _START_SECONDS)
        except (wire.ClosedError, TimeoutError) as error:
            raise RuntimeError("the process that forks workers did not start") from error
        if tag == wire.RAISED:
            raise RuntimeError(f"workers cannot start:\n{answer.decode(errors='replace')}")
        self._control.settimeout(_ORDER_SECONDS)

    def hatch(self) -> Worker:
        """Return a new worker. Raises ClosedError when the nursery has died, ParseError when the
        system gives no process."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = self._order(HATCH, 0, theirs.fileno())
            except BaseException:
                ours.close()
                raise
        if process < 0:
            ours.close()
            raise ParseError(f"no process for a worker: {os.strerror(-process)}", kind="memory")
        return Worker(self, process, ours)

    def bury(self, process: int) -> int | None:
        """Kill a worker and return its wait status; None when it died with its nursery."""
        try:
            return self._order(BURY, process)
        except wire.ClosedError:
            return None

    def _order(self, what: int, process: int, *descriptors: int) -> int:
        with self._lock:
            if not self.is_alive:
                raise wire.ClosedError("the nursery has died")
            try:
                socket.send_fds(self._control, [ORDER.pack(what, process)], list(descriptors))
                answer = self._control.recv(ANSWER.size)
            except OSError as error:
                self.is_alive = False
                raise wire.ClosedError(str(error)) from error
            if len(answer) < ANSWER.size:
                self.is_alive = False
                raise wire.ClosedError("the nursery has died")
            return int(ANSWER.unpack(answer)[0])

    def close(self) -> None:
        """End the nursery, and with it its workers."""
        self.is_alive = False
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for an answer
        self._control.close()
        try:
            self._process.wait(timeout=_ORDER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Worker:
    """One worker process, busy with at most one call."""

    def __init__(self, nursery: Nursery, process: int, connection: socket.socket) -> None:
        self.nursery = nursery
        self.process = process
        self.calls = 0
        self._connection = connection
        self._buried = False
        self._status: int | None = None

    def ask(self, request: Sequence[bytes], *, seconds: float) -> tuple[int, bytearray]:
        """Return tag and payload of the answer. Raises TimeoutError, ClosedError."""
        until = time.monotonic() + seconds
        self.calls += 1
        self._connection.settimeout(seconds)
        wire.send(self._connection, wire.CALL, request)
        return wire.receive(self._connection, until=until)

    def is_usable(self) -> bool:
        """Tell whether an idle worker still waits for calls."""
        try:
            self._connection.setblocking(False)  # a timeout would be waited for
            self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # end of stream

    def bury(self) -> int | None:
        """Kill the process and return its wait status, if it can be had. Twice is once."""
        if not self._buried:
            self._buried = True
            self._connection.close()
            self._status = self.nursery.bury(self.process)
        return self._status


def _start(control: int, *, preload: Sequence[str], bounds: Bounds) -> subprocess.Popen[bytes]:
    boot = _BOOT.format(path=sys.path, control=control, preload=list(preload), bounds=bounds)
    return subprocess.Popen(
        [sys.executable, "-c", boot],
        pass_fds=(control,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)},
        start_new_session=True,  # Ctrl-C must not reach it before it can ignore it
    )
