"""The process that raises workers: imports once, forks in milliseconds, buries the dead.

It has one thread, so forking is safe. It never outlives its parent: when the control socket
ends, even by kill -9, it kills its workers and goes. No worker outlives the nursery.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import resource
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.adapters.workers import wire
from aggregator.adapters.workers.packing import pack, unpack
from aggregator.core.errors import AggregatorError

HATCH = 0  # with the worker's end of a socket attached; answers its process id, or -errno
BURY = 1  # kill and wait for a worker; answers its wait status
ORDER = struct.Struct("!Bq")  # what, process id
ANSWER = struct.Struct("!q")

# Ctrl-C, systemd and hang-ups address the whole group; when to stop is the parent's decision.
_PARENTS_BUSINESS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NICE = 5  # the event loop goes first: a document may wait, a request and a heartbeat may not
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_KILL_ME_FIRST = "500"  # when memory runs out, a worker is the least loss


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one worker may use: bytes of address space, and processor seconds for one call."""

    memory: int
    seconds: float


def main(control_fd: int, preload: Sequence[str], bounds: Bounds) -> None:
    """Serve the pool at the other end of `control_fd` until it closes."""
    for number in _PARENTS_BUSINESS:
        signal.signal(number, signal.SIG_IGN)
    control = socket.socket(fileno=control_fd)
    if _report_ready(control, preload):
        _Nursery(control, bounds).serve()


def _report_ready(control: socket.socket, preload: Sequence[str]) -> bool:
    try:
        for module in preload:
            importlib.import_module(module)
    except Exception:  # noqa: BLE001 - whatever an import raises is the parent's to see
        wire.send(control, wire.RAISED, [traceback.format_exc().encode()])
        return False
    gc.collect()
    gc.freeze()  # what is imported stays on pages shared with the workers
    wire.send(control, wire.RESULT, [])
    return True


class _Nursery:
    def __init__(self, control: socket.socket, bounds: Bounds) -> None:
        self._control = control
        self._bounds = bounds
        self._alive: set[int] = set()

    def serve(self) -> None:
        """Obey orders until there is nobody to give them."""
        try:
            while True:
                order, descriptors, _, _ = socket.recv_fds(self._control, ORDER.size, 1)
                if not order:
                    return
                self._control.sendall(ANSWER.pack(self._obey(order, descriptors)))
        except OSError:
            return  # the pool is gone
        finally:
            for process in tuple(self._alive):
                self._bury(process)

    def _obey(self, order: bytes, descriptors: list[int]) -> int:
        what, process = ORDER.unpack(order)
        return self._hatch(descriptors[0]) if what == HATCH else self._bury(process)

    def _hatch(self, descriptor: int) -> int:
        nursery = os.getpid()
        try:
            process = os.fork()
        except OSError as error:
            os.close(descriptor)
            return -(error.errno or 1)
        if process == 0:
            self._become_worker(descriptor, nursery)
        os.close(descriptor)
        self._alive.add(process)
        return process

    def _become_worker(self, descriptor: int, nursery: int) -> None:
        """Never return: this is the child, and the nursery's loop is above it on the stack."""
        try:
            self._control.close()  # else the pool would not notice the end of the nursery
            if _die_with(nursery):
                os.nice(_NICE)
                work(socket.socket(fileno=descriptor), self._bounds)
        finally:
            os._exit(0)

    def _bury(self, process: int) -> int:
        if process not in self._alive:
            return 0
        self._alive.discard(process)
        os.kill(process, signal.SIGKILL)
        return os.waitpid(process, 0)[1]


def _die_with(nursery: int) -> bool:
    """Have the kernel kill this process when the nursery dies; False when it just has.

    Only Linux can. Elsewhere a worker goes when it finds its socket closed.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == nursery


def work(connection: socket.socket, bounds: Bounds) -> None:
    """Answer calls one after the other until the pool hangs up.

    A call that uses up its processor time is ended by the kernel: SIGPROF is not handled, so
    it works in the depths of a C library too, and a busy machine is not held against a document.
    """
    _restrict(bounds.memory)
    with contextlib.suppress(wire.ClosedError):
        while True:
            _, request = wire.receive(connection)
            signal.setitimer(signal.ITIMER_PROF, bounds.seconds)
            answer = _answer(request)
            signal.setitimer(signal.ITIMER_PROF, 0)
            wire.send(connection, *answer)


def _restrict(memory: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = memory if most == resource.RLIM_INFINITY else min(memory, most)
    with contextlib.suppress(ValueError):  # macOS refuses
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write(_KILL_ME_FIRST)


def _answer(request: bytearray) -> tuple[int, list[bytes]]:
    """Return tag and payload of the answer."""
    try:
        function, positional, keywords = unpack(request)
        return wire.RESULT, pack(function(*positional, **keywords))
    except MemoryError:
        return wire.EXHAUSTED, []
    except AggregatorError as error:
        return wire.RAISED, _failure(error, "")
    except Exception as error:  # noqa: BLE001 - a bug travels home with its traceback
        return wire.RAISED, _failure(error, traceback.format_exc())


def _failure(error: Exception, remote: str) -> list[bytes]:
    try:
        packed = pack((error, remote))
        unpack(b"".join(packed))  # some exceptions can be pickled but not built again
    except Exception:  # noqa: BLE001 - what pickling raises depends on the exception
        return pack((RuntimeError(f"{type(error).__name__}: {error}"), remote))
    return packed
