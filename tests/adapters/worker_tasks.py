"""Small functions for worker processes to run: good ones, slow ones and deadly ones."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from aggregator.core.errors import FetchError, ParseError


def double(number: int) -> int:
    return number * 2


def process() -> int:
    return os.getpid()


def process_after(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def write_process_and_hang(path: str) -> NoReturn:
    Path(path).write_text(f"{os.getpid()} {os.getppid()}")
    hang()


def hang() -> NoReturn:
    while True:
        time.sleep(0.05)


def spin() -> NoReturn:
    while True:
        pass


def spin_for(seconds: float) -> float:
    """Return the processor time spent."""
    begun = time.process_time()
    while time.process_time() - begun < seconds:
        pass
    return time.process_time() - begun


def hang_in_c() -> None:
    ctypes.CDLL(None).pause()


def fill_memory(size: int) -> int:
    return len(bytearray(size))


def crash() -> None:
    ctypes.string_at(0)


def abort() -> None:
    os.abort()


def leave() -> None:
    os._exit(3)


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(message: str) -> NoReturn:
    raise ParseError(message, kind="not_a_feed")


def fail_to_fetch() -> NoReturn:
    raise FetchError("no", kind="http", status=503, retry_after=7)


def blunder(key: str) -> str:
    return {"a": "b"}[key]


class OddError(Exception):
    """Pickles, but cannot be built again."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"odd {one} {two}")


def raise_odd() -> NoReturn:
    raise OddError(1, 2)


def return_what_cannot_travel() -> object:
    return lambda: None


@dataclass(frozen=True, slots=True)
class Piece:
    number: int
    text: str


def pieces(count: int, size: int) -> tuple[Piece, ...]:
    return tuple(Piece(number, "x" * size) for number in range(count))


def size_of(body: bytes) -> int:
    return len(body)


def same(value: object) -> object:
    return value


def address_space() -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)[0]


def environment() -> dict[str, str]:
    return dict(os.environ)
